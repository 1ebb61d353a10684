"""What a connector needs to know, as the configuration writes it: `[connectors.NAME]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

Text = Literal["neutral", "restricted", "full"]


class _Settings(BaseModel):
    """Fields every connector has. Secrets are named, never written: an environment variable or a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl
    token_env: str = ""
    token_file: str = ""
    text: Text = "neutral"
    overlap_minutes: int = Field(
        default=15, ge=0, le=1440, description="how far back each read looks: so long may a list hide a change"
    )
    timeout_seconds: float = Field(default=30, gt=0)
    statuses: dict[str, str] = Field(default_factory=dict, description="the tracker's status to work status")

    @model_validator(mode="after")
    def _one_secret(self) -> _Settings:
        if bool(self.token_env) == bool(self.token_file):
            raise ValueError("name the token's place: either token_env or token_file")
        return self

    @property
    def overlap(self) -> timedelta:
        """How long a list may hide a change that a single read shows: not to be listed proves nothing before."""
        return timedelta(minutes=self.overlap_minutes)

    @property
    def base_url(self) -> str:
        """The address without a trailing slash."""
        return str(self.url).rstrip("/")


class JiraSettings(_Settings):
    """A project of a Jira Cloud site. `user` is the account that the API token belongs to."""

    type: Literal["jira"]
    user: str = ""
    project: str = Field(min_length=1, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    issue_type: str = "Task"
    due_field: str = Field(default="duedate", pattern=r"^(duedate|customfield_\d+)$")

    @property
    def place(self) -> str:
        """Where issues are made, in words that tell it from any other place."""
        return f"{self.base_url}, project {self.project}"


class GithubSettings(_Settings):
    """A GitHub repository, on github.com or a GitHub Enterprise Server."""

    type: Literal["github"]
    overlap_minutes: int = Field(default=10, ge=0, le=1440, description="as for Jira, whose index lags longer")
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    due_date: Literal["label"] = "label"

    @property
    def place(self) -> str:
        """Where issues are made, in words that tell it from any other place."""
        return f"{self.base_url}, repository {self.repository}"


Settings = Annotated[JiraSettings | GithubSettings, Field(discriminator="type")]
