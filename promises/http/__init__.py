"""What the web, the public pages and the API share."""
