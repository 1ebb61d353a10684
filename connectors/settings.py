"""What a connector needs to know, as the configuration writes it: `[connectors.NAME]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, field_validator, model_validator

Text = Literal["neutral", "restricted", "full"]
OneOrTwo = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda named: (named,) if isinstance(named, str) else named),
    Field(max_length=2),
]
"""Places of a secret: one, or while it is exchanged the new one and the old one."""


class _Settings(BaseModel):
    """Fields every connector has. Secrets are named, never written: an environment variable or a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl
    token_env: str = ""
    token_file: str = ""
    webhook_secret_env: OneOrTwo = ()
    webhook_secret_file: OneOrTwo = ()
    text: Text = "neutral"
    overlap_minutes: int = Field(
        default=15, ge=0, le=1440, description="how far back each read looks: so long may a list hide a change"
    )
    timeout_seconds: float = Field(default=30, gt=0)
    statuses: dict[str, str] = Field(default_factory=dict, description="the tracker's status to work status")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if bool(self.token_env) == bool(self.token_file):
            raise ValueError("name the token's place: either token_env or token_file")
        return self

    @property
    def secret_file(self) -> str:
        """The file that holds the secret, empty where an environment variable does."""
        return self.token_file

    @property
    def overlap(self) -> timedelta:
        """How long a list may hide a change that a single read shows: not to be listed proves nothing before."""
        return timedelta(minutes=self.overlap_minutes)

    @property
    def base_url(self) -> str:
        """The address without a trailing slash."""
        return str(self.url).rstrip("/")


def is_zone(name: str) -> bool:
    """Opens the one zone: listing them all costs a walk of the disk."""
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


class JiraSettings(_Settings):
    """A project of a Jira, Cloud or Data Center.

    `user` is the account that a Cloud site's API token belongs to; a Data Center's personal access token needs none.
    """

    type: Literal["jira"]
    user: str = ""
    project: str = Field(min_length=1, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    issue_type: str = "Task"
    due_field: str = Field(default="duedate", pattern=r"^(duedate|customfield_\d+)$")
    due_field_timezone: str = Field(default="", description="whose days a due field with a time tells; blank: UTC")
    transition_fields: dict[str, str] = Field(
        default_factory=dict, description="what a transition's screen demands: the field's id to its value"
    )

    @field_validator("due_field_timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name and not is_zone(name):
            raise ValueError("unknown time zone: give an IANA name such as America/New_York")
        return name

    @property
    def place(self) -> str:
        """Where issues are made, in words that tell it from any other place."""
        return f"{self.base_url}, project {self.project}"


class GithubSettings(_Settings):
    """A GitHub repository, on github.com, GHE.com or a GitHub Enterprise Server; as a user with a token or as an App.

    `app_id` is the App's id or client id. `due_field` is a date field of the organisation that owns the repository.
    """

    type: Literal["github"]
    overlap_minutes: int = Field(default=10, ge=0, le=1440, description="as for Jira, whose index lags longer")
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    app_id: str = Field(default="", coerce_numbers_to_str=True, pattern=r"^[\w.]*$")
    private_key_file: str = ""
    installation_id: int = Field(default=0, ge=0, description="0: found by asking GitHub, once per process")
    due_date: Literal["auto", "issue_field", "label", "milestone"] = "auto"
    due_field: str = Field(default="Target date", min_length=1)
    seconds_between_writes: float = Field(default=1, ge=0, le=4)
    seconds_between_creates: float = Field(default=3, ge=0, le=4, description="what is under way must leave in five")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        ways = [self.token_env, self.token_file, self.app_id or self.private_key_file]
        if sum(map(bool, ways)) != 1:
            raise ValueError("name the token's place: either token_env, token_file, or an App's private_key_file")
        if bool(self.app_id) != bool(self.private_key_file):
            raise ValueError("an App needs both: app_id and private_key_file")
        if self.installation_id and not self.app_id:
            raise ValueError("installation_id belongs to an App: give its app_id and private_key_file too")
        return self

    @property
    def is_app(self) -> bool:
        """Whether we are a GitHub App, whose secret is a private key."""
        return bool(self.app_id)

    @property
    def secret_file(self) -> str:
        """The file that holds the token or the App's private key, empty where an environment variable does."""
        return self.private_key_file or self.token_file

    @property
    def place(self) -> str:
        """Where issues are made, in words that tell it from any other place."""
        return f"{self.base_url}, repository {self.repository}"


Settings = Annotated[JiraSettings | GithubSettings, Field(discriminator="type")]
