"""The networks of containers: all of it in a network namespace made by the test, with a second one, the world, that a
pair of interfaces leads to."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.parse

from containers import EngineTest
from harness import BUSYBOX, wait_for

HERE, THERE = "192.0.2.1", "192.0.2.2"  # the test's host, and the world

# A server that tells who asks.
WHO_ASKS = """
import http.server, sys
class Tell(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200), self.end_headers(), self.wfile.write(self.client_address[0].encode())
    def log_message(self, *words): pass
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Tell).serve_forever()
"""


def own_namespace():
    """A process in a network namespace of its own."""
    process = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
    ours = os.readlink("/proc/self/ns/net")
    wait_for(lambda: os.readlink(f"/proc/{process.pid}/ns/net") != ours, "a network namespace")
    return process


def asking(url):
    """A command that asks for a page. (The wget of Debian's static busybox crashes where it looks up a name.)"""
    place = urllib.parse.urlsplit(url)
    return [BUSYBOX, "sh", "-c", f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | {BUSYBOX} nc -w 3 {place.hostname} {place.port or 80}"]


def page_of(answer):
    return answer.replace("\r\n", "\n").partition("\n\n")[2]


class NetworkTest(EngineTest):
    def setUp(self):
        self.host, self.world = own_namespace(), own_namespace()
        for process in (self.host, self.world):
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        self.ip(self.host, "link set lo up")
        self.ip(self.host, f"link add out type veth peer name in netns {self.world.pid}")
        for process, link, address in ((self.host, "out", HERE), (self.world, "in", THERE)):
            self.ip(process, f"address add {address}/24 dev {link}")
            self.ip(process, f"link set {link} up")
        super().setUp()

    def ip(self, process, words):
        subprocess.run(["nsenter", f"--net=/proc/{process.pid}/ns/net", "ip", *words.split()], check=True)

    def command(self, *args):
        return ["nsenter", f"--net=/proc/{self.host.pid}/ns/net", *super().command(*args)]

    def host_call(self, *words, process=None, **more):
        return self.call("nsenter", f"--net=/proc/{(process or self.host).pid}/ns/net", *words, **more)

    def host_output(self, *words, **more):
        done = self.host_call(*words, **more)
        self.assertEqual(done.code, 0, done)
        return done.out

    def start_server(self, process, address, port):
        server = subprocess.Popen(
            ["nsenter", f"--net=/proc/{process.pid}/ns/net", sys.executable, "-c", WHO_ASKS, address, str(port)],
            env=self.environment,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for(lambda: f":{port}" in self.host_output("ss", "-Hltn", process=process), "the server to listen")
        return server

    def fetch(self, url, process=None):
        """The page, as it is seen from the host or the world; empty where there is none."""
        return page_of(self.host_call(*asking(url), process=process).out)

    def box(self, name, *options, words=("sleep", "1000"), network=None):
        """A container in the background."""
        if not (self.folder / "box").exists():
            self.image()
        networks = [f"--net={one}" for one in ([network] if isinstance(network, str) else network or [])]
        self.engine_ok("run", "-d", "--name", name, *networks, *self.marked(), *options, "box", *words)
        return name

    def web(self, name, *options, network=None, page=None):
        """One that serves a page, which is its name."""
        serve = f"echo {page or name} >/index.html; exec busybox httpd -f -p 80 -h /"
        return self.box(name, *options, words=("sh", "-c", serve), network=network)

    def inside(self, name, *words):
        """What a command prints in the network namespace, and with the files, of a running container."""
        pid = self.record(name)["state"]["init"]["pid"]
        return self.call("nsenter", f"--target={pid}", "--net", "--mount", "--root", "--wd=/", "/bin/busybox", *words)

    def inside_ok(self, name, *words):
        done = self.inside(name, *words)
        self.assertEqual(done.code, 0, done)
        return done.out

    def get(self, name, url):
        return wait_for(lambda: self.seen_by(name, url), f"{url} to answer").strip()

    def seen_by(self, name, url):
        """The page, as a container sees it; empty where there is none."""
        return page_of(self.inside(name, *asking(url)[1:]).out)

    def record(self, name):
        container = os.readlink(self.data / "names" / name)
        return json.loads((self.data / "containers" / container / "engine.json").read_text())

    def address(self, name, place=0):
        return self.record(name)["state"]["attachments"][place]["addresses"][0].split("/")[0]

    def hosts(self, name):
        return self.inside_ok(name, "cat", "/etc/hosts")

    def rules(self):
        return self.host_output("iptables-save")

    def check_no_trace(self):
        """No interface, no rule, no lease of a container."""
        self.assertNotIn("veth", self.host_output("ip", "-o", "link").replace("out@", ""))
        rules = self.rules()
        for word in ("CORACLE", "CNI-DN", "CNI-SN", "10.88.", "10.89."):
            self.assertNotIn(word, rules)
        leases = [path.name for path in self.run_folder.glob(".engine/cni/*/*") if path.name[0].isdigit()]
        self.assertEqual(leases, [])


class Bridge(NetworkTest):
    def test_containers_reach_each_other_by_address_name_alias_and_id(self):
        self.engine_ok("network", "create", "--driver", "bridge", "--subnet", "192.168.10.0/24", "testbridge")
        self.web("bird", "--network-alias=db", network="testbridge")
        self.box("cat", network="testbridge")
        self.assertTrue(self.address("bird").startswith("192.168.10."))
        brief = self.record("bird")["id"][:12]
        for name in (self.address("bird"), "bird", "db", brief):
            self.assertEqual(self.get("cat", f"http://{name}/"), "bird")
        # Who came first learns of who came later, and forgets who is gone.
        self.assertIn(f"{self.address('cat')}\tcat", self.hosts("bird"))
        self.engine_ok("rm", "-f", "cat")
        self.assertNotIn("cat", self.hosts("bird"))

    def test_short_forms_of_the_teaching_systems(self):
        self.engine_ok("network", "create", "-driver", "bridge", "-subnet", "192.168.10.0/24", "testbridge")
        self.image()
        done = self.engine_ok("run", "--rm", "-net", "testbridge", *self.marked(), "box", "ip", "-4", "-o", "addr", "show", "eth0")
        self.assertIn("192.168.10.", done.out)

    def test_the_way_out_is_by_the_hosts_address(self):
        self.start_server(self.world, THERE, 8000)
        self.box("bird")
        self.assertTrue(self.address("bird").startswith("10.88."))
        self.assertEqual(self.get("bird", f"http://{THERE}:8000/"), HERE)

    def test_an_internal_network_has_no_way_out(self):
        self.start_server(self.world, THERE, 8000)
        self.engine_ok("network", "create", "--internal", "cell")
        self.web("bird", network="cell")
        self.box("cat", network="cell")
        self.assertEqual(self.get("cat", "http://bird/"), "bird")
        self.assertEqual(self.seen_by("cat", f"http://{THERE}:8000/"), "")
        self.refused("run", "--rm", "--net=cell", "-p", "80", "box", "true", says=["-p", "cell"], code=125)

    def test_networks_do_not_see_each_other(self):
        for name in ("one", "two"):
            self.engine_ok("network", "create", name)
            self.web(f"web-{name}", network=name)
        self.assertEqual(self.get("web-one", "http://127.0.0.1/"), "web-one")
        self.assertNotIn("web-two", self.hosts("web-one"))
        self.assertEqual(self.seen_by("web-one", f"http://{self.address('web-two')}/"), "")

    def test_two_networks_at_once(self):
        for name in ("one", "two"):
            self.engine_ok("network", "create", name)
        self.web("first", network="one")
        self.web("second", network="two")
        self.box("both", network=["one", "two"])
        for name in ("first", "second"):
            self.assertEqual(self.get("both", f"http://{name}/"), name)

    def test_a_container_has_the_address_it_asks_for(self):
        self.engine_ok("network", "create", "--subnet", "192.168.10.0/24", "net")
        self.box("bird", "--ip", "192.168.10.77", "--mac-address", "92:d0:c6:0a:29:33", network="net")
        self.assertEqual(self.address("bird"), "192.168.10.77")
        self.assertIn("92:d0:c6:0a:29:33", self.inside_ok("bird", "ip", "link", "show", "eth0"))
        self.refused("run", "--rm", "--net=net", "--ip", "192.168.10.77", "box", "true", says="192.168.10.77", code=125)
        self.refused("run", "--rm", "--net=net", "--ip", "192.168.11.1", "box", "true", says=["--ip", "net"], code=125)
        self.refused("run", "--rm", "--net=net", "--mac-address", "x", "box", "true", says="--mac-address", code=125)

    def test_ipv6(self):
        self.engine_ok("network", "create", "--ipv6", "six")
        self.web("bird", network="six")
        self.box("cat", network="six")
        addresses = self.record("bird")["state"]["attachments"][0]["addresses"]
        six = next(address.split("/")[0] for address in addresses if ":" in address)
        self.assertTrue(six.startswith("fd"), addresses)
        self.assertEqual(self.get("cat", f"http://[{six}]/"), "bird")


class Ports(NetworkTest):
    def test_a_page_is_served_to_the_host_and_the_world(self):
        self.web("web", "-p", "8080:80")
        for url, process in ((f"http://127.0.0.1:8080/", self.host), (f"http://{HERE}:8080/", self.host), (f"http://{HERE}:8080/", self.world)):
            self.assertEqual(wait_for(lambda: self.fetch(url, process=process), url), "web\n")
        self.assertEqual(self.engine_ok("port", "web").out, "80/tcp -> 0.0.0.0:8080\n")
        self.assertEqual(self.engine_ok("port", "web", "80").out, "0.0.0.0:8080\n")
        self.refused("port", "web", "81", says=["web", "81/tcp"])
        self.engine_ok("stop", "-t", "0", "web")
        self.assertEqual(self.engine_ok("port", "web").out, "")
        self.assertEqual(self.fetch("http://127.0.0.1:8080/"), "")

    def test_a_port_of_the_loopback_is_not_the_worlds(self):
        self.web("web", "-p", "127.0.0.1:8080:80")
        wait_for(lambda: self.fetch("http://127.0.0.1:8080/"), "the page")
        self.assertEqual(self.fetch(f"http://{HERE}:8080/", process=self.world), "")

    def test_a_taken_port_is_refused(self):
        self.start_server(self.host, "0.0.0.0", 8080)
        self.image()
        self.refused("run", "-d", "--name", "late", "-p", "8080:80", "box", "true", says=["port 8080", "already in use"], code=125)
        self.web("bird", "-p", "8081:80")
        self.refused("run", "-d", "--rm", "-p", "8081:80", "box", "true", says=["port 8081", "already in use", "bird"], code=125)
        # Others find it taken, too.
        taken = self.host_call(sys.executable, "-c", "import socket; socket.create_server(('0.0.0.0', 8081))")
        self.assertIn("Address already in use", taken.err)
        self.engine_ok("rm", "-f", "bird")
        self.assertEqual(self.host_call(sys.executable, "-c", "import socket; socket.create_server(('0.0.0.0', 8081))").code, 0)

    def test_a_free_port_is_found(self):
        rootfs = self.folder / "box"
        self.image()
        self.web("web", "-p", "80")
        out = self.engine_ok("port", "web", "80/tcp").out.strip()
        self.assertEqual(wait_for(lambda: self.fetch(f"http://127.0.0.1:{out.split(':')[1]}/"), "the page"), "web\n")
        self.assertTrue(rootfs.exists())

    def test_what_cannot_be_published_is_refused(self):
        self.image()
        for options, words in (
            (["-p", "80:80:80:80"], ["-p"]),
            (["-p", "8000-8001:80"], ["-p", "ranges"]),
            (["-p", "80:80/sctp"], ["-p", "tcp or udp"]),
            (["--net=none", "-p", "80"], ["-p", "none"]),
            (["--net=host", "-p", "80"], ["-p", "host"]),
            (["-p", "[::1]:8080:80"], ["-p", "IPv6"]),
        ):
            self.refused("run", "--rm", *options, "box", "true", says=words, code=125)


class Names(NetworkTest):
    def test_dns_settings_and_lines_of_hosts(self):
        options = ["--dns=192.0.2.53", "--dns-search=a.example", "--dns-option=ndots:2", "--add-host=far:192.0.2.9", "--add-host=near:host-gateway"]
        self.box("bird", *options)
        self.assertEqual(self.inside_ok("bird", "cat", "/etc/resolv.conf"), "search a.example\nnameserver 192.0.2.53\noptions ndots:2\n")
        hosts = self.hosts("bird")
        self.assertIn("192.0.2.9\tfar\n", hosts)
        self.assertIn("10.88.0.1\tnear\n", hosts)
        self.assertIn("127.0.0.1\tlocalhost", hosts)

    def test_host_none_and_the_network_of_another(self):
        links = lambda network: self.run_box("ip", "-o", "link", network=network)
        self.assertIn("out", links("host"))
        self.assertEqual(len(links("none").splitlines()), 1)
        self.web("bird")
        self.assertEqual(page_of(self.run_box(*asking("http://127.0.0.1/"), network="container:bird")), "bird\n")
        self.assertIn("bird", self.run_box("cat", "/etc/hosts", network="container:bird"))
        self.refused("run", "--rm", "--net=container:nobody", "box", "true", says=["--net", "nobody"], code=125)
        self.refused("run", "--rm", "--net=host", "--net=bridge", "box", "true", says="--net host", code=125)
        self.refused("run", "--rm", "--net=nowhere", "box", "true", says="no such network: nowhere", code=125)

    def test_a_running_container_joins_and_leaves(self):
        self.engine_ok("network", "create", "side")
        self.web("web", network="side")
        self.box("bird")
        self.engine_ok("network", "connect", "--alias", "robin", "side", "bird")
        self.assertEqual(self.get("bird", "http://web/"), "web")
        self.assertIn("robin", self.hosts("web"))
        self.assertIn("eth1", self.inside_ok("bird", "ip", "link"))
        self.refused("network", "connect", "side", "bird", says="already")
        self.engine_ok("network", "disconnect", "side", "bird")
        self.assertNotIn("eth1", self.inside_ok("bird", "ip", "link"))
        self.assertNotIn("robin", self.hosts("web"))
        self.refused("network", "disconnect", "side", "bird", says="not in network side")
        self.refused("network", "connect", "nowhere", "bird", says="no such network: nowhere")


class Commands(NetworkTest):
    def test_subnets_are_chosen_and_conflicts_refused(self):
        self.engine_ok("network", "create", "one")
        self.engine_ok("network", "create", "two")
        subnet = lambda name: self.engine_ok("network", "inspect", name).json[0]["subnets"][0]["subnet"]
        self.assertEqual((subnet("bridge"), subnet("one"), subnet("two")), ("10.88.0.0/16", "10.89.0.0/24", "10.89.1.0/24"))
        self.refused("network", "create", "--subnet", "10.89.0.128/25", "three", says=["10.89.0.128/25", "one"])
        self.refused("network", "create", "--subnet", "192.0.2.0/24", "three", says=["192.0.2.0/24", "the host"])
        self.refused("network", "create", "one", says="exists already")
        self.refused("network", "create", "--driver", "overlay", "three", says="--driver")
        self.assertEqual(self.engine_ok("network", "ls", "-q").out.split(), ["bridge", "one", "two"])

    def test_list_inspect_remove_prune(self):
        self.engine_ok("network", "create", "--label", "a=b", "one")
        self.engine_ok("network", "create", "two")
        self.box("bird", network="one")
        inspected = self.engine_ok("network", "inspect", "one").json[0]
        self.assertEqual([one["name"] for one in inspected["containers"].values()], ["bird"])
        self.assertEqual(inspected["labels"], {"a": "b"})
        self.assertEqual(self.engine_ok("network", "ls", "-q", "--filter", "label=a").out, "one\n")
        self.assertIn("10.89.0.0/24", self.engine_ok("network", "ls").out)
        self.refused("network", "rm", "one", says=["one", "bird"])
        self.refused("network", "rm", "bridge", says="default")
        self.assertEqual(self.engine_ok("network", "prune").out, "two\n")
        self.engine_ok("rm", "-f", "bird")
        self.assertIn("coracle1", self.host_output("ip", "-o", "link"))
        self.engine_ok("network", "rm", "one")
        self.assertNotIn("coracle1", self.host_output("ip", "-o", "link"))
        self.refused("network", "inspect", "one", says="no such network: one")

    def test_what_is_not_installed_is_named(self):
        self.image()
        self.refused("--cni-path", self.folder, "run", "--rm", "box", "true", says=["plugin bridge", "containernetworking-plugins"], code=125)


class Ends(NetworkTest):
    def test_nothing_is_left_after_any_end(self):
        self.web("web", "-p", "8080:80")
        self.engine_ok("stop", "-t", "0", "web")
        self.check_no_trace()
        self.engine_ok("start", "web")
        self.engine_ok("kill", "web")
        self.check_no_trace()
        self.engine_ok("start", "web")
        state = self.record("web")["state"]
        for process in ("monitor", "init"):
            os.kill(state[process]["pid"], signal.SIGKILL)
        self.engine_ok("rm", "-f", "web")
        self.check_no_trace()

    def test_a_start_that_fails_leaves_nothing(self):
        self.image()
        self.refused("run", "--rm", "-p", "8080:80", *self.marked(), "box", "/nowhere", says="/nowhere", code=127)
        self.check_no_trace()

    def test_a_failing_plugin_leaves_nothing(self):
        plugins = self.folder / "plugins"
        plugins.mkdir()
        for name in ("bridge", "host-local"):
            (plugins / name).symlink_to(f"/usr/lib/cni/{name}")
        (plugins / "portmap").write_text('#!/bin/sh\n[ "$CNI_COMMAND" = DEL ] || { echo \'{"code":11,"msg":"not today"}\'; exit 1; }\n')
        (plugins / "portmap").chmod(0o755)
        self.image()
        self.refused("--cni-path", plugins, "run", "--rm", "-p", "8080:80", *self.marked(), "box", "true", says=["portmap", "not today"], code=125)
        self.check_no_trace()


class UserWithTmp(NetworkTest):
    """On a machine as systemd makes it: each mount is shared, and /tmp is a file system of its own."""

    def setUp(self):
        words = ["unshare", "--mount", "--propagation=shared", "sh", "-c", "mount --bind /tmp /tmp && echo made && exec sleep 1000"]
        self.machine = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.addCleanup(self.machine.stdout.close)
        self.addCleanup(self.machine.wait)
        self.addCleanup(self.machine.kill)
        self.assertEqual(self.machine.stdout.readline(), b"made\n")
        super().setUp()

    def command(self, *args):
        return ["nsenter", f"--mount=/proc/{self.machine.pid}/ns/mnt", *super().command(*args)]

    def mounts(self):
        lines = pathlib.Path(f"/proc/{self.machine.pid}/mountinfo").read_text().splitlines()
        return [line.split()[4] for line in lines if "coracle-test-" not in line]

    def test_the_sandbox_of_slirp4netns_is_its_own(self):
        before = self.mounts()
        self.web("web", "-p", "8080:80", network="slirp4netns")
        self.assertEqual(wait_for(lambda: self.fetch(f"http://{HERE}:8080/", process=self.world), "the page"), "web\n")
        self.assertEqual(self.mounts(), before)


class User(NetworkTest):
    def test_slirp4netns_serves_a_page_and_ends_with_the_container(self):
        self.start_server(self.world, THERE, 8000)
        self.web("web", "-p", "8080:80", network="slirp4netns")
        self.assertEqual(wait_for(lambda: self.fetch(f"http://{HERE}:8080/", process=self.world), "the page"), "web\n")
        self.assertEqual(self.get("web", f"http://{THERE}:8000/"), HERE)
        self.assertEqual(self.inside_ok("web", "cat", "/etc/resolv.conf").splitlines()[-1].split()[0] in ("nameserver", "options"), True)
        self.assertIn("nameserver 10.0.2.3", self.inside_ok("web", "cat", "/etc/resolv.conf"))
        self.refused("run", "--rm", "--net=slirp4netns", "-p", "8080:80", "box", "true", says="already in use", code=125)
        slirp = pathlib.Path(f"/proc/{self.record('web')['state']['network']['pid']}")
        self.assertTrue(slirp.exists())
        self.engine_ok("stop", "-t", "0", "web")
        wait_for(lambda: not slirp.exists(), "slirp4netns to end")
