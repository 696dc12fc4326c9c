"""`manage.py serve`: everything on one machine, in one terminal."""

import asyncio
import contextlib
import errno
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from procmine.serving import demo, embedded_broker
from procmine.serving.embedded_broker import EmbeddedBroker
from procmine.serving.supervisor import Child, Supervisor
from streams.models import Broker

REMARK_AFTER_S = 30.0  # without an answer of the web process
CONNECTED_WITHIN_S = 15.0  # then the factory starts anyway
POLL_S = 0.1


class Command(BaseCommand):
    help = "Run web, ingestion, mining, work and, where no broker is configured, an MQTT broker. Ctrl-C ends all of it."
    requires_system_checks = ()  # they load the whole web; `make check` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="add a simulated factory and a first user")
        parser.add_argument("--host", default="127.0.0.1", help="address to serve at (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to serve at (8000; 0: a free one)")
        parser.add_argument("--no-embedded-broker", action="store_true", help="never run the MQTT broker inside")

    def handle(self, **options: Any) -> None:
        self.with_demo: bool = options["demo"]
        if self.with_demo and options["no_embedded_broker"]:
            raise CommandError("The demo's factory sends to the embedded broker: leave --no-embedded-broker out.")
        try:
            with self._alone(), self._listening(options["host"], options["port"]) as web:
                self.say("serve", f"state is in {settings.VAR}")
                self._migrate()
                broker = None if options["no_embedded_broker"] else self._broker()
                remarks = self._prepare_sign_in(_url(options["host"], web.getsockname()[1]))
                connections.close_all()
                try:
                    asyncio.run(self._serve(web, broker, remarks))
                finally:
                    demo.void_link()
        except KeyboardInterrupt:  # while preparing; later Ctrl-C is a signal like SIGTERM
            pass
        self.say("serve", "stopped")

    def say(self, role: str, text: str) -> None:
        """One line of the console: who, what."""
        with contextlib.suppress(OSError):  # the terminal is gone
            self.stdout.write(f"{role:<9} {text}")
            self.stdout.flush()

    # --- Preparing ----------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one `serve` works in a state folder."""
        file = settings.VAR / "ports" / "serve"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.seek(0)
                raise CommandError(
                    f"procmine already runs with {settings.VAR} (process {held.read().strip()}). "
                    "End it, or set PROCMINE_VAR to another folder."
                ) from None
            held.truncate(0)
            held.write(f"{os.getpid()}\n")
            held.flush()
            yield

    @contextlib.contextmanager
    def _listening(self, host: str, port: int) -> Iterator[socket.socket]:
        """The web process's socket. It stays open while that process is restarted, so browsers wait, not fail."""
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            web = socket.create_server((host, port), family=family, backlog=512)
        except OverflowError:
            raise CommandError(f"--port {port}: expected a number from 0 to 65535.") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = "it is taken. End what uses it, or choose another port with --port."
            else:
                reason = f"{error.strerror}."
            raise CommandError(f"Cannot serve at {host} port {port}: {reason}") from None
        with web:
            yield web

    def _migrate(self) -> None:
        """Bring the database to this version, if it is not there yet."""
        try:
            executor = MigrationExecutor(connection)
            pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}. See PROCMINE_DATABASE_URL.") from error
        if pending:
            self.say("serve", f"preparing the database: {pending} migrations")
            call_command("migrate", interactive=False, verbosity=0)

    def _broker(self) -> EmbeddedBroker | None:
        if not (self.with_demo or embedded_broker.wanted()):
            return None
        broker = embedded_broker.prepare()
        if broker.port != settings.BROKER_PORT:
            self.say("broker", f"port {settings.BROKER_PORT} is taken, using {broker.port}")
        return broker

    def _prepare_sign_in(self, url: str) -> list[str]:
        """What the console says once the web process answers."""
        told = [f"procmine {settings.VERSION} serves {url}  (Ctrl-C ends it)"]
        demo.void_link()
        if self.with_demo:
            told += demo.prepare()
            told.append(f"sign in, once, within {demo.LINK_LASTS_S // 60} minutes: {url}demo/{demo.new_link_token()}/")
            told.append(f"or as user {demo.USER}, password in {demo.password_file()}; admin: {url}admin/")
        elif get_user_model().objects.exists():
            told.append(f"sign in: {url}login/  admin: {url}admin/")
        else:
            told.append(f"nobody can sign in yet: run {settings.COMMAND} createsuperuser")
        return told

    # --- Running ------------------------------------------------------------------------

    async def _serve(self, web: socket.socket, broker: EmbeddedBroker | None, told: list[str]) -> None:
        """Start the children, wait for a signal, end them. A second signal kills them."""
        supervisor = Supervisor(self.say)
        ending = asyncio.Event()

        def end() -> None:
            if ending.is_set():
                supervisor.kill()
            ending.set()

        for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal_ != signal.SIGHUP or signal.getsignal(signal_) != signal.SIG_IGN:  # nohup
                asyncio.get_running_loop().add_signal_handler(signal_, end)
        starting = asyncio.create_task(self._start(supervisor, web, broker, told))
        waiting = asyncio.create_task(ending.wait())
        try:
            await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            await waiting
            self.say("serve", "stopping; Ctrl-C again kills at once")
        finally:
            starting.cancel()
            await supervisor.stop()

    async def _start(
        self, supervisor: Supervisor, web: socket.socket, broker: EmbeddedBroker | None, told: list[str]
    ) -> None:
        """In this order, so that what others lean on stops last."""
        if broker is not None:
            supervisor.start(Child("broker", broker.command))
            await _accepting(embedded_broker.HOST, broker.port)
        self.say("serve", "starting web, work, mine, ingest")
        fd = web.fileno()
        supervisor.start(Child("web", lambda: _WEB.format(fd=fd).split(), pass_fds=(fd,)))
        supervisor.start(Child("work", lambda: ["procmine", "work"]))
        supervisor.start(Child("mine", lambda: ["procmine", "mine"], grace_s=20.0))
        supervisor.start(Child("ingest", lambda: ["procmine", "ingest"], grace_s=20.0))
        await self._answering(web.getsockname())
        if broker is not None:
            told.append(f"events are welcome at {broker.url} (MQTT 5: port {broker.port_mqtt5})")
        for line in told:
            self.say("serve", line)
        if self.with_demo and broker is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_connected(), CONNECTED_WITHIN_S)
            supervisor.start(Child("simulator", lambda: demo.simulator_command(broker)))

    async def _answering(self, address: tuple[Any, ...]) -> None:
        """Wait until the web process answers a request, whatever it answers."""
        asking = asyncio.create_task(_ask(address[0], address[1]))
        try:
            done, _ = await asyncio.wait({asking}, timeout=REMARK_AFTER_S)
            if not done:
                self.say("serve", f"web has not answered for {REMARK_AFTER_S:g} s; what it says stands above")
            await asking
        finally:
            asking.cancel()


_WEB = "daphne --verbosity 0 --fd {fd} procmine.asgi:application"


def _url(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"http://[{local}]:{port}/" if ":" in local else f"http://{local}:{port}/"


async def _accepting(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(POLL_S)
        else:
            writer.close()
            return


async def _ask(host: str, port: int) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read(12)
            writer.close()
        except OSError:  # the process that had the connection ended
            answer = b""
        if answer:
            return
        await asyncio.sleep(POLL_S)


@sync_to_async
def _is_connected() -> bool:
    return Broker.objects.filter(name=embedded_broker.NAME, state=Broker.State.CONNECTED).exists()


async def _connected() -> None:
    """Wait until ingestion has its connection: what is sent before is kept for nobody."""
    while not await _is_connected():  # noqa: ASYNC110  another process writes the row
        await asyncio.sleep(POLL_S)
