"""Jira behind the port: one project of a Jira, Cloud or Data Center, spoken to with one account."""

from .tracker import JiraTracker

__all__ = ["JiraTracker"]
