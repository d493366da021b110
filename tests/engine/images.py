"""engine images and its kin."""

from containers import EngineTest


class Images(EngineTest):
    def test_the_table_names_images_as_a_person_does(self):
        self.image()
        lines = self.engine_ok("images").out.splitlines()
        self.assertRegex(lines[0], "^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE")
        self.assertRegex(lines[1], "^box +latest +[0-9a-f]{12} ")

    def test_tag_and_rmi(self):
        self.image()
        self.engine_ok("tag", "box", "other:1")
        self.assertEqual(self.engine_ok("rmi", "other:1").out, "Untagged: other:1\n")
        self.engine_ok("create", "--name", "bird", "--net=none", "box")
        self.refused("rmi", "box", says=("bird", "--force"), code=1)
        self.assertIn("Deleted: sha256:", self.engine_ok("rmi", "-f", "box").out)
        self.refused("rmi", "box", says="no such image", code=1)

    def test_save_and_load(self):
        self.image()
        self.engine_ok("save", "-o", self.folder / "box.tar", "box")
        self.engine_ok("rmi", "box")
        self.assertEqual(self.engine_ok("load", "-i", self.folder / "box.tar").out, "Loaded image: box:latest\n")
        self.assertEqual(self.run_box("echo", "hello"), "hello\n")

    def test_import_of_a_folder_and_its_history(self):
        self.image()
        self.engine_ok("import", "-c", 'CMD ["echo", "wild"]', "-m", "caught", self.folder / "box", "birds")
        self.assertEqual(self.engine_ok("run", "--rm", "--net=none", *self.marked(), "birds").out, "wild\n")
        self.assertIn("caught", self.engine_ok("history", "birds").out)

    def test_info_and_version(self):
        self.image()
        info = self.engine_ok("info", "--json").json
        self.assertEqual((info["numbers"]["images"], info["places"]["data"]), (1, str(self.data)))
        self.assertIn("runtime", self.engine_ok("version").out)
