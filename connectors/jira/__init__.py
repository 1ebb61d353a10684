"""Jira behind the port: one project of a Jira Cloud site, spoken to with one account."""

from .tracker import JiraTracker

__all__ = ["JiraTracker"]
