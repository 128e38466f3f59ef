a delimiter of two characters stops the bot at its start
--- config
columns: "source.ip"
delimiter: ";;"
--- refused
delimiter: "delimiter" must be a 1-character string
