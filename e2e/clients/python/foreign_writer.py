"""Changes one AWS file over and over with the writer of the AWS CLI, which empties the file and writes it in place.

Every other change counts up a single key; the rest go through 300 keys of a log, and each of those is looked for again
when its turn comes: a change that is gone by then was lost. While a change is under way the number in SIGN is odd. Ends
when STOP is there, and prints what must stand in the file and how many changes were lost.

Usage: foreign_writer.py FILE SECTION_PREFIX SIGN STOP
"""

import json
import os
import random
import struct
import sys
import time

from awscli.customizations.configure.writer import ConfigFileWriter

SLOTS = 300
PAUSE_MAX = 0.02

path, prefix, sign, stop = sys.argv[1:]
writer = ConfigFileWriter()
sign = os.open(sign, os.O_RDWR | os.O_CREAT, 0o600)
log, changes, lost = {}, 0, []


def change(section, key, value):
    global changes
    changes += 1
    os.pwrite(sign, struct.pack("<Q", 2 * changes - 1), 0)
    writer.update_config({"__section__": prefix + section, key: value}, path)
    os.pwrite(sign, struct.pack("<Q", 2 * changes), 0)


while not os.path.exists(stop):
    number = changes + 1
    if number % 2:
        change("counted", "counter", str(number))
        counter = number
    else:
        key = f"log_{number // 2 % SLOTS}"
        if key in log:
            with open(path) as file:
                if f"{key} = {log[key]}\n" not in file.read():
                    lost.append(f"{key} = {log[key]}")
        change("log", key, str(number))
        log[key] = number
    time.sleep(random.uniform(0, PAUSE_MAX))

print(json.dumps({"changes": changes, "counter": counter, "log": log, "lost": lost}))
