write here what this test shows
--- events
{"expected": "the reports that one round collects, one JSON object a line"}
