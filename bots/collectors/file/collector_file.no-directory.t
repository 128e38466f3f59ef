a path that is no directory stops the bot
--- config
path: /nonexistent/place
--- refused
is no directory
