"""Networks and parts of networks that more than one method stands on."""
