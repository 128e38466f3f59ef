write here what this test shows
--- messages
{"source.ip": "192.0.2.1"}
--- written NAME
the expected content of a file in the test's own directory, which a section config calls @dir
