"""Packs FILE and puts it into the store as the artifact NAME of this run."""

import io
import os
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

path = Path(os.environ["FILE"])
if path.is_file():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    query = urllib.parse.urlencode(
        {"name": os.environ["NAME"], "run_id": os.environ["GITHUB_RUN_ID"]}
    )
    request = urllib.request.Request(
        f"{os.environ['FAKE_STORE']}/archives?{query}", packed.getvalue(), method="PUT"
    )
    with urllib.request.urlopen(request) as answer:
        print("uploaded:", answer.status)
else:
    print("nothing to upload")
