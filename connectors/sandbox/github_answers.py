"""How a sandbox repository looks in GitHub's REST answers, with all that the vendor's schemas require."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .github_store import Comment, IssueField, Label, Milestone, StoredEvent, StoredIssue, User

_EPOCH = "2026-01-01T00:00:00Z"

# The addresses that a user's and a repository's answer must carry: field, and path below its own address.
_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_URLS = {
    **{
        f"{name}_url": f"/{name}"
        for name in (
            *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges"),
            *("stargazers", "subscribers", "subscription", "tags", "teams"),
        )
    },
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "statuses_url": "/statuses/{sha}",
    "trees_url": "/git/trees{/sha}",
}
_NOTHING = dict.fromkeys(("description", "homepage", "language", "license", "mirror_url"))
_ZERO = dict.fromkeys(
    (
        *("forks", "forks_count", "network_count", "open_issues", "open_issues_count"),
        *("size", "stargazers_count", "subscribers_count", "watchers", "watchers_count"),
    ),
    0,
)
_NO = dict.fromkeys(
    ("fork", "disabled", "has_projects", "has_wiki", "has_pages", "has_discussions", "has_downloads"), False
)
_MY_COUNTS = dict.fromkeys(
    (
        *("public_repos", "public_gists", "followers", "following", "private_gists"),
        *("total_private_repos", "owned_private_repos", "disk_usage", "collaborators"),
    ),
    0,
)


def stamp(moment: datetime) -> str:
    """An instant as GitHub writes it: whole seconds, `2026-03-02T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Answers:
    """Renders for one repository `owner/name`, reached at `root`; `fields` are its organisation's, if one owns it."""

    root: str
    repository: str
    repository_id: int
    fields: Mapping[int, IssueField] | None = None
    milestones: Mapping[int, Milestone] = field(default_factory=dict)

    @property
    def _home(self) -> str:
        return f"{self.root}/repos/{self.repository}"

    def user(self, user: User) -> dict[str, Any]:
        """A simple user."""
        url = f"{self.root}/users/{user.login}"
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "avatar_url": f"{self.root}/avatars/{user.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.root}/{user.login}",
            **{name: url + path for name, path in _USER_URLS.items()},
            "type": "Bot" if user.login.endswith("[bot]") else "User",
            "site_admin": False,
        }

    def myself(self, user: User) -> dict[str, Any]:
        """The user whose token it is."""
        return {
            **self.user(user),
            **dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"), None),
            "blog": "",
            **_MY_COUNTS,
            "two_factor_authentication": True,
            "created_at": _EPOCH,
            "updated_at": _EPOCH,
        }

    def container(self, user: User | None, *, private: bool, archived: bool, has_issues: bool) -> dict[str, Any]:
        """The repository with what this user may do in it."""
        owner, name = self.repository.split("/")
        role = user.role if user else "pull"
        return {
            "id": self.repository_id,
            "node_id": f"R_{self.repository_id}",
            "name": name,
            "full_name": self.repository,
            "owner": {**self.user(User(owner, 1, "")), "type": "User" if self.fields is None else "Organization"},
            "html_url": f"{self.root}/{self.repository}",
            "url": self._home,
            "clone_url": f"{self.root}/{self.repository}.git",
            "git_url": f"git://sandbox/{self.repository}.git",
            "ssh_url": f"git@sandbox:{self.repository}.git",
            "svn_url": f"{self.root}/{self.repository}",
            **{field: self._home + path for field, path in _REPOSITORY_URLS.items()},
            **_NOTHING,
            **_ZERO,
            **_NO,
            "default_branch": "main",
            "private": private,
            "visibility": "private" if private else "public",
            "archived": archived,
            "has_issues": has_issues,
            "pushed_at": _EPOCH,
            "created_at": _EPOCH,
            "updated_at": _EPOCH,
            "permissions": {
                "admin": False,
                "maintain": False,
                "push": role == "push" and not (user and user.login.endswith("[bot]")),
                "triage": False,
                "pull": True,
            },
        }

    def label(self, label: Label) -> dict[str, Any]:
        """A label object."""
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self._home}/labels/{label.name}",
            "name": label.name,
            "description": None,
            "color": "ededed",
            "default": False,
        }

    def issue(self, issue: StoredIssue) -> dict[str, Any]:
        """An issue as lists and single reads show it; a pull request carries one key more."""
        url = f"{self._home}/issues/{issue.number}"
        html = f"{self.root}/{self.repository}/{'pull' if issue.pull_request else 'issues'}/{issue.number}"
        return {
            "id": 1_000_000 + issue.number,
            "node_id": f"I_{issue.number}",
            "number": issue.number,
            "url": url,
            "repository_url": self._home,
            **{f"{name}_url": f"{url}/{name}" for name in ("comments", "events", "timeline")},
            "labels_url": f"{url}/labels{{/name}}",
            "html_url": html,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.author),
            "author_association": "MEMBER",
            "labels": [self.label(label) for label in issue.labels],
            "state": issue.state,
            "state_reason": issue.state_reason,
            "created_at": stamp(issue.created),
            "updated_at": stamp(issue.updated),
            "closed_at": stamp(issue.closed) if issue.closed else None,
            "closed_by": self.user(issue.closed_by) if issue.closed_by else None,
            "assignee": None,
            "assignees": [],
            "milestone": self.milestone(self.milestones[issue.milestone]) if issue.milestone else None,
            **({} if self.fields is None else {"issue_field_values": self.values(issue)}),
            "locked": False,
            "active_lock_reason": None,
            "comments": issue.comments,
            "performed_via_github_app": None,
            **({"pull_request": self._pull(issue.number)} if issue.pull_request else {}),
        }

    def event(self, event: StoredEvent) -> dict[str, Any]:
        """An event of one issue."""
        return {
            "id": event.id,
            "node_id": f"E_{event.id}",
            "url": f"{self._home}/issues/events/{event.id}",
            "actor": self.user(event.actor),
            "event": event.kind,
            "commit_id": None,
            "commit_url": None,
            "created_at": stamp(event.at),
            "performed_via_github_app": None,
            **event.details,
        }

    def issue_field(self, one: IssueField) -> dict[str, Any]:
        """A field of the organisation."""
        return {
            "id": one.id,
            "node_id": f"IF_{one.id}",
            "name": one.name,
            "description": None,
            "data_type": one.data_type,
            "visibility": "all",
            "created_at": _EPOCH,
            "updated_at": _EPOCH,
        }

    def values(self, issue: StoredIssue) -> list[dict[str, Any]]:
        """The values of an issue's fields; a field that was deleted took its values along."""
        known = self.fields or {}
        return [
            {
                "issue_field_id": number,
                "issue_field_name": known[number].name,
                "node_id": f"IFV_{issue.number}_{number}",
                "data_type": known[number].data_type,
                "value": value,
            }
            for number, value in issue.values.items()
            if number in known
        ]

    def milestone(self, milestone: Milestone) -> dict[str, Any]:
        """A milestone."""
        url = f"{self._home}/milestones/{milestone.number}"
        return {
            "url": url,
            "html_url": f"{self.root}/{self.repository}/milestone/{milestone.number}",
            "labels_url": f"{url}/labels",
            "id": 2_000_000 + milestone.number,
            "node_id": f"MI_{milestone.number}",
            "number": milestone.number,
            "state": milestone.state,
            "title": milestone.title,
            "description": None,
            "creator": self.user(milestone.creator),
            "open_issues": 0,
            "closed_issues": 0,
            "created_at": stamp(milestone.created),
            "updated_at": stamp(milestone.created),
            "closed_at": None,
            "due_on": stamp(milestone.due) if milestone.due else None,
        }

    def comment(self, comment: Comment) -> dict[str, Any]:
        """A comment."""
        at = stamp(comment.at)
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{self._home}/issues/comments/{comment.id}",
            "html_url": f"{self.root}/{self.repository}/issues/{comment.number}#issuecomment-{comment.id}",
            "issue_url": f"{self._home}/issues/{comment.number}",
            "body": comment.body,
            "user": self.user(comment.author),
            "author_association": "MEMBER",
            "created_at": at,
            "updated_at": at,
        }

    def _pull(self, number: int) -> dict[str, str]:
        api, html = f"{self._home}/pulls/{number}", f"{self.root}/{self.repository}/pull/{number}"
        return {"url": api, "html_url": html, "diff_url": f"{html}.diff", "patch_url": f"{html}.patch"}
