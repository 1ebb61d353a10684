"""GitHub behind the port: issues of one repository, spoken to through PyGithub's requester."""

from .tracker import GithubTracker

__all__ = ["GithubTracker"]
