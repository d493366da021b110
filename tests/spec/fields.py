#!/usr/bin/env python3
"""Holds every member of the configuration's schema against the table below: what honours it, and what refuses it.

    tests/spec/fields.py SOURCE
A member that a later specification adds fails here until somebody has decided: a test that shows it at work, or the
message of its refusal. "*" stands for one name of the user's choice. What a row says must be there:

    fields: a_name                a test of tests/program/fields.py
    plan cgroup: a sentence       a test of tests/plan/cgroup.cc
    guest selinux: a_name         a test of tests/guest/subjects/selinux.py
    refused: words                words of a message, in src/
    warned: words                 the same
    elsewhere: why                of another platform, and ignored
"""

import json
import pathlib
import re
import sys

SOURCE = pathlib.Path(sys.argv[1])

HOOKS = ["hooks: each_hook_runs_at_its_moment_in_order", "plan hooks: *"]
MAPPING = ["namespaces: a_user_namespace_with_mappings"]
MOUNT_MAPPING = ["fields: an_idmapped_mount_maps_itself_alone", "fields: a_recursively_idmapped_mount_maps_what_is_below",
                 "refused: idmap"]
OFFSET = ["namespaces: time_offsets", "refused: timeOffsets: needs a new time namespace"]
NODES = ["mounts: device_nodes_have_their_numbers_mode_and_owner"]
RULES = ["limits: a_device_that_is_not_allowed_cannot_be_opened", "limits: an_allowed_device_can_be_opened"]
THROTTLE = ["plan cgroup: block devices: weights with bfq or without, throttles in the words of each version", "samples: io"]
WEIGHT = ["plan cgroup: block devices: weights with bfq or without, throttles in the words of each version",
          "fields: weights_are_set_or_refused_by_name"]
DEADLINE = ["fields: a_deadline_is_set_with_its_times"]
REALTIME = ["fields: real_time_budgets_are_set_or_refused_by_name", "plan cgroup: what v2 has no word for is an error, its default is not"]
ABSENT = "fields: controllers_that_are_not_there_are_named"
RDMA = ["plan cgroup: rdma limits of a device go into one line", ABSENT]
HUGE = ["plan cgroup: huge pages are limited where they fault and where they are reserved", ABSENT]
NETWORK = ["plan cgroup: network classes and priorities are v1's alone", ABSENT]
RULE = ["seccomp: a_call_gets_the_errno_of_its_rule"]
ARGUMENT = ["seccomp: a_rule_looks_at_arguments"]
AGENT = ["seccomp: an_agent_gets_the_listener_and_answers"]
ONLY_THERE = ["elsewhere: of another platform"]
RDT = ["fields: a_group_of_its_own_is_made_written_joined_and_removed", "fields: a_group_that_is_there_is_compared_and_not_written",
       "plan resctrl: schemata go last, all in one text, and bandwidth after the cache"]

TABLE = {
    "ociVersion": ["bad_input: every_version_of_the_specification_is_taken"],
    "root.path": ["bad_input: a_rootfs_that_does_not_exist", "plan rootfs: the root's path is absolute, or relative to the bundle"],
    "root.readonly": ["mounts: a_read_only_root"],
    "process.terminal": ["terminal: the_terminal_comes_over_the_console_socket_when_detached"],
    "process.consoleSize.height": ["fields: the_console_has_the_size_that_is_given"],
    "process.consoleSize.width": ["fields: the_console_has_the_size_that_is_given"],
    "process.user.uid": ["process: user_group_additional_groups_and_umask"],
    "process.user.gid": ["process: user_group_additional_groups_and_umask"],
    "process.user.umask": ["process: user_group_additional_groups_and_umask"],
    "process.user.additionalGids": ["process: user_group_additional_groups_and_umask", "rootless: additional_groups_are_refused_with_the_reason"],
    "process.user.username": ONLY_THERE,
    "process.args": ["process: arguments_and_environment_arrive_as_written"],
    "process.commandLine": ONLY_THERE,
    "process.env": ["process: arguments_and_environment_arrive_as_written"],
    "process.cwd": ["process: the_working_folder"],
    "process.capabilities.bounding": ["process: each_capability_set_is_as_configured"],
    "process.capabilities.effective": ["process: each_capability_set_is_as_configured"],
    "process.capabilities.inheritable": ["process: each_capability_set_is_as_configured"],
    "process.capabilities.permitted": ["process: each_capability_set_is_as_configured"],
    "process.capabilities.ambient": ["process: ambient_capabilities_reach_a_user_who_is_not_root"],
    "process.rlimits.type": ["process: resource_limits"],
    "process.rlimits.soft": ["process: resource_limits"],
    "process.rlimits.hard": ["process: resource_limits"],
    "process.noNewPrivileges": ["process: no_new_privileges_is_on_only_when_asked_for"],
    "process.oomScoreAdj": ["process: oom_score_adj"],
    "process.scheduler.policy": ["process: scheduler_policy_and_nice_value"],
    "process.scheduler.nice": ["process: scheduler_policy_and_nice_value"],
    "process.scheduler.priority": ["fields: a_real_time_priority"],
    "process.scheduler.flags": ["fields: scheduler_flags", "refused: process.scheduler.flags: unknown flag "],
    "process.scheduler.runtime": DEADLINE,
    "process.scheduler.deadline": DEADLINE,
    "process.scheduler.period": DEADLINE,
    "process.ioPriority.class": ["process: io_priority"],
    "process.ioPriority.priority": ["process: io_priority"],
    "process.execCPUAffinity.initial": ["fields: an_initial_affinity_alone_stays"],
    "process.execCPUAffinity.final": ["fields: an_executed_process_ends_up_on_the_processors_of_the_affinity"],
    "process.apparmorProfile": ["guest apparmor: what_the_profile_denies_is_denied_and_nothing_else",
                                "refused: AppArmor has no profile ", "fields: labels_of_absent_security_modules_are_warned_of", "warned: process.apparmorProfile: AppArmor is not enabled here"],
    "process.selinuxLabel": ["guest selinux: the_process_has_its_label", "refused: SELinux's policy here has no such label: ",
                             "fields: labels_of_absent_security_modules_are_warned_of", "warned: process.selinuxLabel: SELinux is not enabled here"],
    "hostname": ["namespaces: hostname", "namespaces: a_hostname_without_a_uts_namespace_is_refused_and_the_hosts_name_stays"],
    "domainname": ["namespaces: domainname"],
    "mounts.destination": ["mounts: the_order_of_mounts_is_kept", "mounts: dots_in_a_destination_do_not_lead_outside"],
    "mounts.type": ["mounts: data_options_reach_the_file_system"],
    "mounts.source": ["mounts: a_folder_is_bound"],
    "mounts.options": ["mounts: each_option_word_reaches_the_mount", "plan mounts: the table has exactly the words of the specification, sorted"],
    "mounts.uidMappings.containerID": MOUNT_MAPPING,
    "mounts.uidMappings.hostID": MOUNT_MAPPING,
    "mounts.uidMappings.size": MOUNT_MAPPING,
    "mounts.gidMappings.containerID": MOUNT_MAPPING,
    "mounts.gidMappings.hostID": MOUNT_MAPPING,
    "mounts.gidMappings.size": MOUNT_MAPPING,
    **{f"hooks.{moment}.{member}": HOOKS for member in ("path", "args", "env")
       for moment in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")},
    **{f"hooks.{moment}.timeout": ["hooks: a_hook_that_takes_too_long_is_ended"]
       for moment in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")},
    "annotations": ["lifecycle: state_has_the_members_that_the_specification_asks_for"],
    "linux.namespaces.type": ["namespaces: what_is_listed_is_new_and_what_is_not_is_the_callers"],
    "linux.namespaces.path": ["namespaces: namespaces_of_another_container_are_joined", "namespaces: a_path_that_is_no_namespace_is_named"],
    "linux.uidMappings.containerID": MAPPING,
    "linux.uidMappings.hostID": MAPPING,
    "linux.uidMappings.size": MAPPING,
    "linux.gidMappings.containerID": MAPPING,
    "linux.gidMappings.hostID": MAPPING,
    "linux.gidMappings.size": MAPPING,
    "linux.timeOffsets.boottime.secs": OFFSET,
    "linux.timeOffsets.boottime.nanosecs": OFFSET,
    "linux.timeOffsets.monotonic.secs": OFFSET,
    "linux.timeOffsets.monotonic.nanosecs": OFFSET,
    "linux.devices.type": NODES,
    "linux.devices.path": NODES,
    "linux.devices.major": NODES,
    "linux.devices.minor": NODES,
    "linux.devices.fileMode": NODES,
    "linux.devices.uid": NODES,
    "linux.devices.gid": NODES,
    "linux.netDevices.*.name": ["fields: a_device_gets_a_new_name", "fields: the_kernel_numbers_a_name_with_a_template",
                                "fields: a_name_that_is_taken_is_refused_and_nothing_moves", "refused: only root may move network devices"],
    "linux.cgroupsPath": ["limits: the_cgroup_is_gone_after_delete", "plan cgroup: an absolute path is below the mounts, in every hierarchy"],
    "linux.resources.devices.allow": RULES,
    "linux.resources.devices.type": RULES,
    "linux.resources.devices.major": RULES,
    "linux.resources.devices.minor": RULES,
    "linux.resources.devices.access": ["plan devices: the last rule that names the access decides"],
    "linux.resources.memory.limit": ["limits: memory_limit_is_written", "limits: a_process_that_takes_more_memory_than_allowed_is_killed"],
    "linux.resources.memory.reservation": ["plan cgroup: v1 memory: everything of the specification's example"],
    "linux.resources.memory.swap": ["limits: swap_below_memory_is_refused_by_name", "plan cgroup: v2 limits swap alone: memory and swap together less memory"],
    "linux.resources.memory.kernel": ["fields: a_limit_of_kernel_memory_is_warned_of_and_refused_for_an_update", "refused: Linux has no limit of kernel memory alone since 5.16"],
    "linux.resources.memory.kernelTCP": ["fields: swappiness_and_the_oom_killer", "refused: cgroup v2 has nothing like it"],
    "linux.resources.memory.swappiness": ["fields: swappiness_and_the_oom_killer", "refused: cgroup v2 has nothing like it"],
    "linux.resources.memory.disableOOMKiller": ["fields: swappiness_and_the_oom_killer", "refused: cgroup v2 has nothing like it"],
    "linux.resources.memory.useHierarchy": ["fields: memory_that_is_not_counted_with_that_of_groups_inside_is_refused", "refused: Linux counts the memory of groups inside"],
    "linux.resources.memory.checkBeforeUpdate": ["plan cgroup: checkBeforeUpdate compares with the usage"],
    "linux.resources.cpu.shares": ["limits: cpu_shares_are_written"],
    "linux.resources.cpu.quota": ["limits: a_quarter_of_a_cpu_keeps_a_busy_loop_near_a_quarter"],
    "linux.resources.cpu.burst": ["fields: cpu_burst_and_idle"],
    "linux.resources.cpu.period": ["limits: a_quarter_of_a_cpu_keeps_a_busy_loop_near_a_quarter"],
    "linux.resources.cpu.realtimeRuntime": REALTIME,
    "linux.resources.cpu.realtimePeriod": REALTIME,
    "linux.resources.cpu.cpus": ["limits: cpuset_is_written"],
    "linux.resources.cpu.mems": ["plan cgroup: cpus and mems are cpuset's"],
    "linux.resources.cpu.idle": ["fields: cpu_burst_and_idle"],
    "linux.resources.pids.limit": ["limits: a_process_limit_stops_the_forking"],
    "linux.resources.blockIO.weight": WEIGHT,
    "linux.resources.blockIO.leafWeight": [*WEIGHT, "refused: cgroup v2 has nothing like it"],
    "linux.resources.blockIO.weightDevice.major": WEIGHT,
    "linux.resources.blockIO.weightDevice.minor": WEIGHT,
    "linux.resources.blockIO.weightDevice.weight": WEIGHT,
    "linux.resources.blockIO.weightDevice.leafWeight": [*WEIGHT, "refused: cgroup v2 has nothing like it"],
    **{f"linux.resources.blockIO.throttle{way}Device.{member}": THROTTLE
       for way in ("ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS") for member in ("major", "minor", "rate")},
    "linux.resources.hugepageLimits.pageSize": HUGE,
    "linux.resources.hugepageLimits.limit": HUGE,
    "linux.resources.network.classID": NETWORK,
    "linux.resources.network.priorities.name": NETWORK,
    "linux.resources.network.priorities.priority": NETWORK,
    "linux.resources.rdma.*.hcaHandles": RDMA,
    "linux.resources.rdma.*.hcaObjects": RDMA,
    "linux.resources.unified": ["fields: a_file_of_cgroup_v2_is_written_by_its_name",
                                "plan cgroup: unified texts are written line by line, last, where the controller is in v2"],
    "linux.rootfsPropagation": ["fields: the_root_has_the_propagation_that_is_asked_for"],
    "linux.seccomp.defaultAction": ["seccomp: an_unknown_action_is_named", "seccomp: a_call_newer_than_the_profile_is_answered_with_enosys"],
    "linux.seccomp.defaultErrnoRet": ["plan seccomp: errnoRet is what the call returns, or what the tracer sees"],
    "linux.seccomp.architectures": ["plan seccomp: only the architectures that are named, and the native one, may call at all"],
    "linux.seccomp.flags": ["seccomp: a_filter_is_in_force_with_empty_and_with_given_flags", "refused: this kernel does not know "],
    "linux.seccomp.listenerPath": AGENT,
    "linux.seccomp.listenerMetadata": AGENT,
    "linux.seccomp.syscalls.names": RULE,
    "linux.seccomp.syscalls.action": [*RULE, "seccomp: a_call_that_must_kill_kills"],
    "linux.seccomp.syscalls.errnoRet": RULE,
    "linux.seccomp.syscalls.args.index": ARGUMENT,
    "linux.seccomp.syscalls.args.value": ARGUMENT,
    "linux.seccomp.syscalls.args.valueTwo": ["plan seccomp: a masked comparison takes the mask from value and the bits from valueTwo"],
    "linux.seccomp.syscalls.args.op": [*ARGUMENT, "plan seccomp: every operator compares all 64 bits, unsigned"],
    "linux.sysctl": ["namespaces: sysctl_is_set_inside_only", "refused: which is no parameter of a namespace but of the whole machine"],
    "linux.maskedPaths": ["mounts: masked_paths_are_empty"],
    "linux.readonlyPaths": ["mounts: read_only_paths_can_be_read_and_not_written"],
    "linux.mountLabel": ["plan mounts: with SELinux the mount label becomes a parameter of new file systems",
                         "guest selinux: new_file_systems_have_the_label_and_so_has_all_in_them",
                         "fields: a_mount_label_without_selinux_is_warned_of", "warned: linux.mountLabel: SELinux is not enabled here"],
    "linux.intelRdt.closID": ["fields: the_process_joins_the_group_that_is_there", "fields: a_closid_is_made_if_need_be_and_stays",
                              "refused: linux.intelRdt: no resctrl file system is mounted"],
    "linux.intelRdt.schemata": RDT,
    "linux.intelRdt.l3CacheSchema": RDT,
    "linux.intelRdt.memBwSchema": RDT,
    "linux.intelRdt.enableMonitoring": ["fields: monitoring_has_a_group_of_its_own_below"],
    "linux.memoryPolicy.mode": ["fields: the_process_has_the_policy", "fields: an_unknown_mode_is_named"],
    "linux.memoryPolicy.nodes": ["fields: the_process_has_the_policy", "fields: nodes_that_are_not_there_are_an_error"],
    "linux.memoryPolicy.flags": ["fields: flags_go_with_the_mode"],
    "linux.personality.domain": ["process: personality"],
    "linux.personality.flags": ["fields: flags_of_a_personality_are_refused", "refused: personality.flags: no flag is supported"],
    **dict.fromkeys(("vm", "windows", "solaris", "freebsd", "zos"), ONLY_THERE),
}

SCHEMA = json.loads((SOURCE / "schema/config.schema.json").read_text())
# String literals that stand one after the other are one text.
CODE = "".join(re.sub(r'"\s*\n\s*"', "", path.read_text()) for path in (SOURCE / "src").glob("*/*.cc"))
failures = 0


def fail(what, why):
    global failures
    failures += 1
    print(f"{what}: {why}")


def follow(schema):
    while "$ref" in schema:
        here = SCHEMA
        for name in schema["$ref"].removeprefix("#/").split("/"):
            here = here[name]
        schema = here
    return schema


def leaves(schema, at):
    """The members that have no members of their own, as paths; items of a list go by the list's name."""
    schema = follow(schema)
    inner = [(f"{at}.{name}" if at else name, value) for name, value in schema.get("properties", {}).items()]
    for part in schema.get("allOf", []):
        inner += [(path, {}) for path in leaves(part, at) if path != at]
    others = schema.get("additionalProperties")
    if isinstance(others, dict) and "properties" in follow(others):
        inner.append((f"{at}.*", others))
    if "items" in schema:
        inner.append((at, schema["items"]))
    return [path for name, value in inner for path in leaves(value, name)] or [at]


def text_of(path):
    return path.read_text() if path.exists() else ""


def check(member, reference):
    kind, _, words = reference.partition(": ")
    if kind == "elsewhere":
        return
    if kind in ("refused", "warned"):
        if words not in CODE:
            fail(member, f"no message in src/ says {words!r}")
        return
    layer, _, name = kind.partition(" ")
    if not name or layer == "guest":
        folder = "guest/subjects" if name else "program"
        text, wanted = text_of(SOURCE / f"tests/{folder}/{name or kind}.py"), f"def test_{words}("
    else:
        text, wanted = text_of(SOURCE / f"tests/{layer}/{name}.cc"), "TEST_CASE(" if words == "*" else f'TEST_CASE("{words}"'
    if wanted not in text:
        fail(member, f"there is no test {reference!r}")


members = sorted(set(leaves(SCHEMA, "")))
for member in members:
    if member not in TABLE:
        fail(member, "nobody has decided whether it is honoured or refused")
for member, references in TABLE.items():
    if member not in members:
        fail(member, "the schema has no such member")
    for reference in references:
        check(member, reference)

print(f"{len(members)} members of the configuration, {failures} failures")
sys.exit(1 if failures else 0)
