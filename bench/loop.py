# The loop that one writes first: urllib and json, every event of a person printed.
import json
import sys
import urllib.request

for line in urllib.request.urlopen(sys.argv[1]):
    if line.startswith(b"data: "):
        event = json.loads(line[6:])
        if event.get("object_class") == "Person":
            print(json.dumps(event))
