"""Options of engine run and create: process, namespaces, security, life."""

import json
import os
import pathlib
import re

from containers import EngineTest


class Process(EngineTest):
    def test_the_environment_is_the_images_and_what_is_said(self):
        file = self.folder / "env"
        file.write_text("# a comment\n\n  LEFT=a b \nHERE\nABSENT\nBOTH=file\n")
        self.environment["HERE"] = "from here"
        seen = self.run_box("env", options=["--env-file", file, "-e", "BOTH=line", "-e", "HERE", "-e", "EMPTY=", "-e", "ABSENT"])
        lines = seen.splitlines()
        for line in ("LEFT=a b ", "HERE=from here", "BOTH=line", "EMPTY="):
            self.assertIn(line, lines)
        self.assertNotIn("ABSENT", seen)

    def test_a_bad_line_of_an_environment_file_is_named(self):
        self.image()
        file = self.folder / "env"
        file.write_text("GOOD=1\nBAD NAME=2\n")
        self.refused("run", "--rm", "--net=none", "--env-file", file, "box", "true", says=("--env-file", "BAD NAME"), code=125)
        self.refused("run", "--rm", "--net=none", "--env-file", self.folder / "none", "box", says="--env-file", code=125)

    def test_working_folder_user_and_groups(self):
        seen = self.run_box("sh", "-c", "pwd; id -u; id -g; id -G", options=["-w", "/some/where", "-u", "7:8", "--group-add", "99"])
        self.assertEqual(seen.split(), ["/some/where", "7", "8", "8", "99"])

    def test_an_entrypoint_stands_before_the_words(self):
        self.assertEqual(self.run_box("two words", options=["--entrypoint", "echo"]), "two words\n")

    def test_an_init_reaps_and_passes_on(self):
        seen = self.run_box("sh", "-c", "echo $$; cat /proc/1/comm", options=["--init"]).split()
        self.assertNotEqual(seen[0], "1")
        self.assertNotEqual(seen[1], "sh")

    def test_no_init_is_a_clear_refusal(self):
        self.image()
        bare = self.folder / "bin"
        bare.mkdir()
        for program in ("conmon",):
            (bare / program).symlink_to(f"/usr/bin/{program}")
        self.environment["PATH"] = str(bare)
        self.refused("run", "--rm", "--net=none", "--init", "box", "true", says=("--init", "catatonit"), code=125)

    def test_limits_of_the_process(self):
        seen = self.run_box("sh", "-c", "ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj",
                            options=["--ulimit", "nofile=64:128", "--oom-score-adj", "300"])
        self.assertEqual(seen.split(), ["64", "128", "300"])
        self.refused("run", "--ulimit", "nofile=9:8", "box", says=("--ulimit", "above the hard"), code=125)
        self.refused("run", "--ulimit", "files=9", "box", says="--ulimit", code=125)

    def test_arguments_of_any_length_and_character_arrive(self):
        odd = "a\tb\nc'\"\\$(x) {} [] %% ünï ✓ \x01\x7f"
        self.assertEqual(self.run_box("printf", "%s|", odd, "", "-e", "--rm", "[a,b]"), f"{odd}||-e|--rm|[a,b]|")
        longest = "x" * (128 * 1024 - 1)
        self.assertEqual(self.run_box("sh", "-c", "echo ${#1}", "sh", longest), f"{len(longest)}\n")
        many = ["y" * 99_999] * 19
        self.assertEqual(self.run_box("sh", "-c", 'echo $# ${#19}', "sh", *many), "19 99999\n")

    def test_bytes_that_are_no_utf_8_are_refused_not_changed(self):
        self.image()
        self.refused("run", "--rm", "--net=none", "box", "echo", os.fsdecode(b"a\xff"), says="UTF-8", code=125)
        self.refused("run", "--rm", "--net=none", "-l", os.fsdecode(b"a=\xff"), "box", "true", says="UTF-8", code=125)


class Namespaces(EngineTest):
    def test_names_of_its_own(self):
        self.assertEqual(self.run_box("sh", "-c", "hostname; echo $HOSTNAME; cat /etc/hostname", options=["-h", "bird"]), "bird\n" * 3)
        host = pathlib.Path("/proc/sys/kernel/hostname").read_text()
        self.assertEqual(self.run_box("hostname", network="host"), host)
        self.assertEqual(self.run_box("cat", "/proc/sys/kernel/domainname", options=["--domainname", "nest"]), "nest\n")

    def test_namespaces_of_the_host(self):
        for option, name in (("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--cgroupns", "cgroup")):
            with self.subTest(option):
                host = os.readlink(f"/proc/self/ns/{name}")
                self.assertEqual(self.run_box("readlink", f"/proc/self/ns/{name}", options=[f"{option}=host"]).strip(), host)
                self.assertNotEqual(self.run_box("readlink", f"/proc/self/ns/{name}").strip(), host)
                self.refused("run", "--net=none", f"{option}=nonsense", "box", "true", says=(option, "nonsense"), code=125)

    def test_namespaces_of_another_container(self):
        self.image()
        self.engine_ok("run", "-d", "--name", "bird", "--net=none", *self.marked(), "box", "sleep", "1000")
        self.assertIn("sleep 1000", self.run_box("ps", "-o", "args", options=["--pid", "container:bird"]))
        pid = self.record("bird")["state"]["init"]["pid"]
        self.assertEqual(self.run_box("readlink", "/proc/self/ns/ipc", options=["--ipc", "container:bird"]).strip(), os.readlink(f"/proc/{pid}/ns/ipc"))
        self.refused("run", "--rm", "--net=none", "--pid", "container:nobody", "box", says=("--pid", "nobody"), code=125)

    def test_a_setting_of_its_namespaces(self):
        self.assertEqual(self.run_box("cat", "/proc/sys/kernel/shmmni", options=["--sysctl", "kernel.shmmni=77"]), "77\n")
        self.refused("run", "--rm", "--net=none", "--sysctl", "kernel.panic=1", "box", "true", says="kernel.panic", code=125)

    def test_a_cgroup_within_another(self):
        self.image()
        self.engine_ok("run", "-d", "--name", "bird", "--net=none", "--cgroup-parent", "/nest-of-birds", *self.marked(), "box", "sleep", "1000")
        pid = self.record("bird")["state"]["init"]["pid"]
        self.assertIn(f"/nest-of-birds/coracle-{self.record('bird')['id']}", pathlib.Path(f"/proc/{pid}/cgroup").read_text())


class Security(EngineTest):
    CAPS = ("sh", "-c", "grep CapEff /proc/self/status | cut -f2")

    def caps(self, *options):
        return int(self.run_box(*self.CAPS, options=options), 16)

    def all_caps(self):
        return int(re.search(r"CapBnd:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1], 16)

    def test_capabilities(self):
        usual = self.caps()
        admin = 1 << 21
        self.assertFalse(usual & admin)
        self.assertEqual(self.caps("--cap-add", "sys_admin"), usual | admin)
        self.assertEqual(self.caps("--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"), admin)
        self.assertEqual(self.caps("--cap-drop", "all"), 0)
        self.assertEqual(self.caps("--cap-add", "ALL"), self.all_caps())
        self.image()
        self.refused("run", "--cap-add", "FLY", "box", says=("--cap-add", "FLY"), code=125)

    def test_privileged_has_everything(self):
        self.assertEqual(self.caps("--privileged"), self.all_caps())
        seen = self.run_box("sh", "-c", "grep Seccomp: /proc/self/status; ls /dev; mount -o remount,rw /sys && echo can",
                            options=["--privileged"]).split()
        self.assertEqual(seen[:2], ["Seccomp:", "0"])
        self.assertIn("kmsg", seen)
        self.assertEqual(seen[-1], "can")

    def test_no_new_privileges_and_filters(self):
        status = ("sh", "-c", "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status | cut -f2")
        self.assertEqual(self.run_box(*status).split(), ["0", "2"])
        self.assertEqual(self.run_box(*status, options=["--security-opt", "no-new-privileges"]).split(), ["1", "2"])
        self.assertEqual(self.run_box(*status, options=["--security-opt", "no-new-privileges:true"]).split(), ["1", "2"])
        self.assertEqual(self.run_box(*status, options=["--security-opt", "seccomp=unconfined"]).split(), ["0", "0"])

    def test_a_profile_of_dockers(self):
        profile = self.folder / "profile.json"
        rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}
        profile.write_text(json.dumps({
            "defaultAction": "SCMP_ACT_ALLOW",
            "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
            "syscalls": [{**rule, "comment": "no nests", "includes": {}, "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}))
        command = ("sh", "-c", "mkdir /x && echo made || echo not")
        self.assertEqual(self.run_box(*command, options=["--security-opt", f"seccomp={profile}"]), "not\n")
        self.assertEqual(self.run_box(*command, options=["--security-opt", f"seccomp={profile}", "--cap-add", "SYS_ADMIN"]), "made\n")
        profile.write_text('{"defaultAction": "SCMP_ACT_PRAY"}')
        self.refused("run", "--net=none", "--security-opt", f"seccomp={profile}", "box", says=("defaultAction", "PRAY"), code=125)

    def test_hidden_paths(self):
        look = ("sh", "-c", "wc -c < /proc/timer_list; touch /proc/sys/kernel/domainname 2>/dev/null && echo can; true")
        self.assertEqual(self.run_box(*look).split(), ["0"])
        self.assertGreater(int(self.run_box("sh", "-c", "wc -c < /proc/timer_list", options=["--security-opt", "unmask=/proc/timer_list"])), 0)
        self.assertEqual(self.run_box("sh", "-c", "wc -c < /etc/passwd", options=["--security-opt", "mask=/etc/passwd"]).strip(), "0")
        open_paths = self.run_box("sh", "-c", "grep -c ' /proc/' /proc/mounts || true", options=["--security-opt", "systempaths=unconfined"])
        self.assertEqual(open_paths.strip(), "0")

    def test_what_is_unknown_is_refused(self):
        self.image()
        for option in ("fly", "fly=high", "systempaths=all", "label=type:bird"):
            with self.subTest(option):
                self.refused("run", "--net=none", "--security-opt", option, "box", says="--security-opt", code=125)


class Life(EngineTest):
    def test_labels_name_and_id_file(self):
        self.image()
        file, cid = self.folder / "labels", self.folder / "cid"
        file.write_text("# words\ncolour=blue\nsize\n")
        done = self.engine_ok("create", "--net=none", "--name", "bird", "-l", "colour=red", "--label-file", file, "--cidfile", cid, "box", "true")
        self.assertEqual(cid.read_text(), done.out.strip())
        self.assertEqual(self.record("bird")["labels"], {"colour": "red", "size": ""})
        self.refused("create", "--net=none", "--cidfile", cid, "box", "true", says="--cidfile", code=125)
        self.assertEqual(self.containers(), ["bird"])

    def test_stop_signal_and_restart_are_kept(self):
        self.image()
        self.engine_ok("create", "--net=none", "--name", "bird", "--stop-signal", "USR1", "--stop-timeout", "3", "--restart", "on-failure:4",
                       "--log-opt", "max-size=1M", "box", "true")
        record = self.record("bird")
        self.assertEqual((record["stopSignal"], record["stopTimeout"], record["logSize"]), ("USR1", 3, 1 << 20))
        self.assertEqual(record["restart"], {"policy": "on-failure", "most": 4})

    def test_what_contradicts_itself_is_refused(self):
        self.image()
        for options, says in ((("--rm", "--restart=always"), "--restart"), (("--restart", "sometimes"), "sometimes"),
                              (("--restart", "always:3"), "on-failure"), (("--log-driver", "syslog"), "syslog"),
                              (("--log-opt", "max-file=3"), "max-file"), (("--stop-signal", "no way"), "--stop-signal"),
                              (("--userns", "auto"), "--userns"), (("--uts=host", "-h", "bird"), "--uts")):
            with self.subTest(options):
                self.refused("run", "--net=none", *options, "box", "true", says=says, code=125)
        self.assertEqual(self.containers(), [])

    def test_an_option_of_dockers_that_is_not_here_is_unknown(self):
        self.image()
        for option in ("--gpus=all", "--health-cmd=true", "--link=bird", "--isolation=x"):
            self.refused("run", option, "box", "true", says="unknown option", code=125)
