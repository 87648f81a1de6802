"""Who may do what: keys, roles, sessions of browsers, and what a request from elsewhere is held to."""
