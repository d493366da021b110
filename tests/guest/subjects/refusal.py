"""A kernel that is too old is refused, in one sentence, before anything is made."""

import os

GUESTS = ("refused",)

from harness import CGROUPS, RuntimeTest  # noqa: E402


class Refusal(RuntimeTest):
    def test_a_kernel_that_is_too_old_is_refused_in_one_sentence(self):
        release = os.uname().release
        for words in (("run", "--bundle", self.bundle(), "old"), ("create", "--bundle", self.bundle(), "old")):
            self.refused(*words, says=[f"Linux {release}", "5.14 or newer"])

    def test_nothing_is_made_by_what_is_refused(self):
        before = sorted(CGROUPS.iterdir())
        self.refused("create", "--bundle", self.bundle(), self.new_id(), says="5.14")
        self.assertEqual(sorted(CGROUPS.iterdir()), before)
        self.assertEqual(list(self.root.iterdir()) if self.root.exists() else [], [])

    def test_what_needs_no_container_works_all_the_same(self):
        self.assertEqual(self.runtime("--version").code, 0)
        self.assertEqual(self.runtime("spec", cwd=self.folder).code, 0)
