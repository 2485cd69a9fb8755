"""A server of decisions: python decision_server.py model.onnx 8000, then POST /slate {"observation": [[...], ...]}."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnxruntime


def server(path, port=8000):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    class Decisions(BaseHTTPRequestHandler):
        def do_POST(self):
            try:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                slate = session.run(["slate"], {"observation": np.array(body["observation"], np.float32)})[0]
                status, answer = 200, {"slate": slate.tolist()}
            except Exception as error:  # what was asked cannot be read, or has another shape
                status, answer = 400, {"error": str(error)}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *words):
            """Say nothing of each request."""

    return ThreadingHTTPServer(("127.0.0.1", port), Decisions)  # this machine alone; Python's server is no shield


if __name__ == "__main__":
    server(sys.argv[1], int(sys.argv[2])).serve_forever()
