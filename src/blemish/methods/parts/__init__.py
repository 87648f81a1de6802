"""What several methods share: base classes, losses, statistics, scoring."""
