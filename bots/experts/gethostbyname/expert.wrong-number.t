what is no number is refused at the start
--- config
gaierrors_to_ignore: "-3,many"
--- refused
'many' is no number
