"""A picture of some sections of a page that slategym has made, for these pages; it needs Chromium.

`python docs/picture.py runs/impatient/audit.html docs/images/custom-user-model.png "What can be earned" "Who leaves when"`
"""

import base64
import json
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "bench" / "reports"))
from browser import Browser

WIDTH, SCALE = 1180, 0.75
KEEP = """for (const each of document.querySelectorAll("section"))
    if (!%s.includes(each.querySelector("h2").textContent.trim())) each.remove()"""


def take(page: Path, picture: Path, sections: list[str]) -> None:
    """Write the head of a page and the sections of these titles as PNG."""
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        browser.screen(WIDTH)
        browser.open(page)
        browser.evaluate(KEEP % json.dumps(sections))
        browser.screen(WIDTH)
        size = browser.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": SCALE}
        shot = browser.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        picture.write_bytes(base64.b64decode(shot["data"]))
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
