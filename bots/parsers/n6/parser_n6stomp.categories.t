what each category says; "account numbers" is no type that exists
--- report
{"type": "event", "category": "amplifier"}
--- report
{"type": "event", "category": "bots", "name": ""}
--- report
{"type": "event", "category": "backdoor"}
--- report
{"type": "event", "category": "cnc"}
--- report
{"type": "event", "category": "dns-query"}
--- report
{"type": "event", "category": "dos-attacker"}
--- report
{"type": "event", "category": "dos-victim"}
--- report
{"type": "event", "category": "flow"}
--- report
{"type": "event", "category": "flow-anomaly"}
--- report
{"type": "event", "category": "fraud"}
--- report
{"type": "event", "category": "leak"}
--- report
{"type": "event", "category": "malurl"}
--- report
{"type": "event", "category": "malware-action"}
--- report
{"type": "event", "category": "phish"}
--- report
{"type": "event", "category": "proxy"}
--- report
{"type": "event", "category": "sandbox-url"}
--- report
{"type": "event", "category": "scanning"}
--- report
{"type": "event", "category": "server-exploit"}
--- report
{"type": "event", "category": "spam"}
--- report
{"type": "event", "category": "spam-url"}
--- report
{"type": "event", "category": "tor"}
--- report
{"type": "event", "category": "webinject"}
--- report
{"type": "event", "category": "vulnerable"}
--- report
{"type": "event", "category": "other"}
--- report
{"type": "event", "category": "unheard-of"}
--- report
{"type": "event", "category": null}
--- events
{"classification.identifier": "amplifier", "classification.taxonomy": "vulnerable", "classification.type": "vulnerable-system", "raw": "{\"type\": \"event\", \"category\": \"amplifier\"}\n"}
{"classification.identifier": "malware-generic", "classification.taxonomy": "malicious-code", "classification.type": "infected-system", "raw": "{\"type\": \"event\", \"category\": \"bots\", \"name\": \"\"}\n"}
{"classification.identifier": "hacked server", "classification.taxonomy": "intrusions", "classification.type": "system-compromise", "raw": "{\"type\": \"event\", \"category\": \"backdoor\"}\n"}
{"classification.identifier": "c&c server", "classification.taxonomy": "malicious-code", "classification.type": "c2-server", "raw": "{\"type\": \"event\", \"category\": \"cnc\"}\n"}
{"classification.identifier": "dns-query", "classification.taxonomy": "other", "classification.type": "other", "raw": "{\"type\": \"event\", \"category\": \"dns-query\"}\n"}
{"classification.identifier": "dos-attacker", "classification.taxonomy": "availability", "classification.type": "ddos", "raw": "{\"type\": \"event\", \"category\": \"dos-attacker\"}\n"}
{"classification.identifier": "dos-victim", "classification.taxonomy": "availability", "classification.type": "ddos", "raw": "{\"type\": \"event\", \"category\": \"dos-victim\"}\n"}
{"classification.identifier": "flow", "classification.taxonomy": "other", "classification.type": "other", "raw": "{\"type\": \"event\", \"category\": \"flow\"}\n"}
{"classification.identifier": "flow-anomaly", "classification.taxonomy": "other", "classification.type": "other", "raw": "{\"type\": \"event\", \"category\": \"flow-anomaly\"}\n"}
{"classification.identifier": "leak", "classification.taxonomy": "information-content-security", "classification.type": "data-leak", "raw": "{\"type\": \"event\", \"category\": \"leak\"}\n"}
{"classification.identifier": "malurl", "classification.taxonomy": "malicious-code", "classification.type": "exploit", "raw": "{\"type\": \"event\", \"category\": \"malurl\"}\n"}
{"classification.identifier": "malware-configuration", "classification.taxonomy": "malicious-code", "classification.type": "malware-configuration", "raw": "{\"type\": \"event\", \"category\": \"malware-action\"}\n"}
{"classification.identifier": "phishing", "classification.taxonomy": "fraud", "classification.type": "phishing", "raw": "{\"type\": \"event\", \"category\": \"phish\"}\n"}
{"classification.identifier": "openproxy", "classification.taxonomy": "other", "classification.type": "proxy", "raw": "{\"type\": \"event\", \"category\": \"proxy\"}\n"}
{"classification.identifier": "sandboxurl", "classification.taxonomy": "malicious-code", "classification.type": "infected-system", "raw": "{\"type\": \"event\", \"category\": \"sandbox-url\"}\n"}
{"classification.identifier": "scanning", "classification.taxonomy": "information-gathering", "classification.type": "scanner", "raw": "{\"type\": \"event\", \"category\": \"scanning\"}\n"}
{"classification.identifier": "server-exploit", "classification.taxonomy": "malicious-code", "classification.type": "exploit", "raw": "{\"type\": \"event\", \"category\": \"server-exploit\"}\n"}
{"classification.identifier": "spam", "classification.taxonomy": "abusive-content", "classification.type": "spam", "raw": "{\"type\": \"event\", \"category\": \"spam\"}\n"}
{"classification.identifier": "spam-url", "classification.taxonomy": "abusive-content", "classification.type": "spam", "raw": "{\"type\": \"event\", \"category\": \"spam-url\"}\n"}
{"classification.identifier": "tor exit node", "classification.taxonomy": "other", "classification.type": "tor", "raw": "{\"type\": \"event\", \"category\": \"tor\"}\n"}
{"classification.identifier": "malware", "classification.taxonomy": "malicious-code", "classification.type": "malware-distribution", "raw": "{\"type\": \"event\", \"category\": \"webinject\"}\n"}
{"classification.identifier": "vulnerable", "classification.taxonomy": "vulnerable", "classification.type": "other", "raw": "{\"type\": \"event\", \"category\": \"vulnerable\"}\n"}
{"classification.identifier": "other", "classification.taxonomy": "other", "classification.type": "other", "raw": "{\"type\": \"event\", \"category\": \"other\"}\n"}
{"raw": "{\"type\": \"event\", \"category\": null}\n"}
--- dumps
invalid value 'account numbers'
unknown category
