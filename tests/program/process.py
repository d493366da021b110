"""The container's process: user, environment, capabilities, limits, scheduling, descriptors."""

import os

from harness import OURS, RuntimeTest, ours_only

# The numbers of linux/capability.h.
CAPABILITIES = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_NET_BIND_SERVICE": 10, "CAP_AUDIT_WRITE": 29}


def bits(*names):
    return sum(1 << CAPABILITIES[name] for name in names)


class Process(RuntimeTest):
    def test_it_is_process_1_of_its_pid_namespace(self):
        self.assertEqual(self.see()["pid"], 1)

    def test_arguments_and_environment_arrive_as_written(self):
        args = ["/probe", "see", "", "a b", "$HOME", 'quote " and \\', "ünïcode"]
        seen = self.see(self.config(*args, env=["PATH=/bin", "EMPTY=", "TEXT=a=b c"]))
        self.assertEqual(seen["args"], args)
        for entry in ("PATH=/bin", "EMPTY=", "TEXT=a=b c"):
            self.assertIn(entry, seen["env"])

    def test_a_bare_name_is_found_in_the_path_of_the_container(self):
        self.assertEqual(self.output(self.config("echo", "found", env=["PATH=/nowhere:/bin"])), "found\n")

    def test_a_missing_program_is_named(self):
        self.refused_run(self.config("/bin/nosuch"), "/bin/nosuch", "no such file or directory")

    def test_a_missing_bare_name_is_said_not_to_be_in_the_path(self):
        self.refused_run(self.config("nosuch"), "nosuch", "executable file not found in $PATH")

    def test_a_program_that_may_not_be_executed_is_named(self):
        self.refused_run(self.config("/etc/passwd"), "/etc/passwd", "permission denied")

    @ours_only
    def test_a_folder_is_no_program(self):
        self.refused_run(self.config("/etc"), "/etc")

    def refused_run(self, config, *words):
        return self.refused("run", "--bundle", self.bundle(config), self.new_id(), says=words)

    def test_user_group_additional_groups_and_umask(self):
        seen = self.see(self.config(user={"uid": 1000, "gid": 1001, "additionalGids": [5, 7], "umask": 0o27}))
        self.assertEqual((seen["uid"], seen["gid"], seen["umask"]), (1000, 1001, 0o27))
        self.assertEqual(sorted(set(seen["groups"]) - {1001}), [5, 7])

    def test_the_working_folder(self):
        self.assertEqual(self.see(self.config(cwd="/tmp"))["cwd"], "/tmp")

    def test_a_missing_working_folder_is_made(self):
        self.assertEqual(self.see(self.config(cwd="/new/folder"))["cwd"], "/new/folder")

    def test_each_capability_set_is_as_configured(self):
        some, fewer = ["CAP_CHOWN", "CAP_KILL", "CAP_AUDIT_WRITE"], ["CAP_CHOWN", "CAP_KILL"]
        sets = {"bounding": some, "permitted": some, "effective": fewer, "inheritable": fewer, "ambient": ["CAP_KILL"]}
        status = self.see(self.config(capabilities=sets))["status"]
        for kind, row in (("bounding", "CapBnd"), ("permitted", "CapPrm"), ("effective", "CapEff"), ("inheritable", "CapInh"), ("ambient", "CapAmb")):
            with self.subTest(kind):
                # Root's execve gives permitted and effective what is in the bounding set.
                expected = some if kind in ("permitted", "effective") else sets[kind]
                self.assertEqual(int(status[row], 16), bits(*expected))

    def test_ambient_capabilities_reach_a_user_who_is_not_root(self):
        sets = {kind: ["CAP_NET_BIND_SERVICE"] for kind in ("bounding", "permitted", "effective", "inheritable", "ambient")}
        seen = self.see(self.config(user={"uid": 1000, "gid": 1000}, capabilities=sets))
        self.assertEqual(int(seen["status"]["CapEff"], 16), bits("CAP_NET_BIND_SERVICE"))

    @ours_only
    def test_a_capability_that_cannot_be_granted_is_warned_about_and_left_out(self):
        sets = {kind: ["CAP_CHOWN", "CAP_NO_SUCH"] for kind in ("bounding", "permitted", "effective")}
        done = self.run_config(self.config(capabilities=sets))
        self.assertEqual(done.code, 0, done)
        self.assertEqual(int(done.json["status"]["CapBnd"], 16), bits("CAP_CHOWN"))
        self.assertIn("CAP_NO_SUCH", done.err)

    def test_no_capabilities_when_the_sets_are_empty(self):
        status = self.see(self.config(capabilities={}))["status"]
        for row in ("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb"):
            self.assertEqual(int(status[row], 16), 0, row)

    def test_resource_limits(self):
        limits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
        seen = self.see(self.config(rlimits=limits))["rlimits"]
        self.assertEqual((seen["RLIMIT_NOFILE"], seen["RLIMIT_CORE"]), ([100, 200], [0, 0]))

    def test_no_new_privileges_is_on_only_when_asked_for(self):
        self.assertEqual(self.see(self.config(noNewPrivileges=True))["no_new_privs"], 1)
        self.assertEqual(self.see(self.config(noNewPrivileges=False))["no_new_privs"], 0)

    def test_oom_score_adj(self):
        self.assertEqual(self.see(self.config(oomScoreAdj=321))["oom_score_adj"], "321\n")

    @ours_only
    def test_scheduler_policy_and_nice_value(self):
        seen = self.see(self.config(scheduler={"policy": "SCHED_BATCH", "nice": 5}))
        self.assertEqual((seen["sched_policy"], seen["sched_nice"]), (3, 5))

    @ours_only
    def test_io_priority(self):
        seen = self.see(self.config(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6}))
        self.assertEqual(seen["ioprio"], 2 << 13 | 6)

    @ours_only
    def test_personality(self):
        config = self.config()
        config["linux"]["personality"] = {"domain": "LINUX32"}
        self.assertEqual(self.see(config)["personality"] & 0xFF, 8)

    def test_only_the_standard_descriptors_are_open(self):
        self.assertEqual(sorted(self.see()["fds"]), ["0", "1", "2"])

    def test_descriptors_are_passed_on_when_asked_for(self):
        def open_three():
            os.dup2(os.open("/dev/null", os.O_RDONLY), 3)
            os.set_inheritable(3, True)

        seen = self.see(self.config(), "--preserve-fds", "1", close_fds=False, preexec_fn=open_three)
        self.assertIn("3", seen["fds"])

    def test_dev_null_as_standard_input_keeps_its_owner(self):
        before = os.stat("/dev/null")
        self.see(self.config(user={"uid": 1000, "gid": 1000}))
        after = os.stat("/dev/null")
        self.assertEqual((before.st_uid, before.st_gid), (after.st_uid, after.st_gid))
