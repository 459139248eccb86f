"""An IMAP4rev1 server on loopback with one folder: what a client needs to log in, search and fetch, and no more."""

import asyncio
import re
import ssl
import threading
from typing import Self

USER, PASSWORD = "claims", 'pa"ss word'
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


class ImapServer:
    """`mails`: uid -> content. `commands`: all that clients said, without the login. Up inside `with`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.commands: list[str] = []
        self.refuse = ""  # a command that is answered with NO
        self.hangs_up_at = ""  # a command at which the connection breaks
        self._context = context

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        try:
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                tag, _, command = line.partition(" ")
                words = [quoted.replace('\\"', '"') or bare for quoted, bare in _QUOTED.findall(command)]
                name = " ".join(words[:2] if words[0].upper() == "UID" else words[:1]).upper()
                self.commands.append(name if name == "LOGIN" else command)
                if name == self.hangs_up_at:
                    break
                status = "NO not now" if name == self.refuse else self._answer(writer, name, words)
                writer.write(f"{tag} {status}\r\n".encode())
                await writer.drain()
                if name == "LOGOUT":
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, name: str, words: list[str]) -> str:
        if name == "CAPABILITY":
            writer.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif name == "LOGIN" and words[1:] != [USER, PASSWORD]:
            return f"NO [AUTHENTICATIONFAILED] {words[2]} is wrong"
        elif name == "EXAMINE" and words[1] != "INBOX":
            return "NO there is no such folder"
        elif name == "EXAMINE":
            writer.write(f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] ok\r\n".encode())
        elif name == "UID SEARCH":
            writer.write(f"* SEARCH {' '.join(map(str, self.mails))}\r\n".encode())
        elif name == "UID FETCH":
            content = self.mails[int(words[2])][: int(words[3].partition("<0.")[2].rstrip(">)"))]
            writer.write(f"* 1 FETCH (UID {words[2]} BODY[]<0> {{{len(content)}}}\r\n".encode() + content + b")\r\n")
        elif name not in ("LOGIN", "LOGOUT"):
            return "BAD what?"
        return "OK done"
