without a schema the bot does not start
--- refused
the schema cannot be read
