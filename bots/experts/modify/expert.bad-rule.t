a pattern that is none stops the bot and names the rule
--- config
configuration_path: "@dir/rules.conf"
--- file rules.conf
[{"rulename": "broken", "if": {"comment": "("}, "then": {}}]
--- refused
rule 'broken', condition 'comment'
