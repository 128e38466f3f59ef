without its list the bot does not start
--- config
database: "@dir/none.dat"
--- refused
none.dat
