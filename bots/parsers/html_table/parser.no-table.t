a page without the table is dumped
--- config
columns: [source.ip]
attribute_name: id
attribute_value: wanted
--- report
<table id="other"><tr><td>192.0.2.1</td></tr></table>
--- events
--- dumps
there is no table 0
