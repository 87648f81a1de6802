"""Networks and layers that more than one method uses."""
