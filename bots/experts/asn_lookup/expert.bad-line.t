a line that is none is named
--- config
database: "@dir/ipasn.dat"
--- file ipasn.dat
192.0.2.0/24	64497
nonsense
--- refused
ipasn.dat, line 2
