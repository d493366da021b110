"""Registries behind TLS: authorities and certificates of one's own."""

import pathlib
import ssl
import subprocess

from bundler import HELLO, BundlerTest
from registries import FakeRegistry

EASY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]


class TlsTest(BundlerTest):
    """A test with an authority and registries that speak TLS."""

    def setUp(self):
        super().setUp()
        self.made = self.folder / "made"
        self.made.mkdir()
        self.authority("ca")
        self.signed("server", "ca", "subjectAltName=IP:127.0.0.1")

    def openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], cwd=self.made, check=True, capture_output=True)

    def authority(self, name):
        self.openssl("req", "-x509", *EASY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def signed(self, name, by, extension):
        self.openssl("req", "-new", *EASY[:-2], "-subj", f"/CN={name}", "-addext", extension, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-copy_extensions", "copy", "-days", "2",
                     "-out", f"{name}.crt")

    def tls_registry(self, answer=lambda handler: False, asks_for_certificates=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.made / "server.crt", self.made / "server.key")
        if asks_for_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.made / "ca.crt")
        registry = FakeRegistry(HELLO, answer, context)
        self.addCleanup(registry.close)
        return registry

    def known(self, host, **files):
        """A folder of the host's in certs.d: its name for a file → which of those made it is."""
        folder = pathlib.Path(self.environment["HOME"]) / ".config/containers/certs.d" / host
        folder.mkdir(parents=True)
        self.fill(folder, **files)
        return folder

    def fill(self, folder, **files):
        for name, made in files.items():
            (folder / name.replace("_", ".")).write_bytes((self.made / made).read_bytes())


class Tls(TlsTest):
    def test_an_authority_of_certs_d_is_trusted(self):
        host = self.tls_registry().host
        self.known(host, ca_crt="ca.crt")
        self.bundler_ok("pull", f"{host}/demo")

    def test_an_authority_of_the_named_folder_is_trusted(self):
        host = self.tls_registry().host
        folder = self.folder / "certificates"
        folder.mkdir()
        self.fill(folder, ca_crt="ca.crt")
        self.bundler_ok("pull", "--cert-dir", folder, f"{host}/demo")
        self.refused_by_bundler("pull", "--cert-dir", self.folder / "none", f"{host}/demo", says="none")

    def test_another_authority_is_refused_with_advice(self):
        self.authority("other")
        registry = self.tls_registry()
        self.known(registry.host, ca_crt="other.crt")
        self.refused_by_bundler("pull", f"{registry.host}/demo", says=("certificate", "certs.d", "--cert-dir"))
        self.assertEqual(registry.requests, [])

    def test_a_certificate_for_another_name_is_refused(self):
        self.signed("server", "ca", "subjectAltName=DNS:elsewhere.test")
        host = self.tls_registry().host
        self.known(host, ca_crt="ca.crt")
        self.refused_by_bundler("pull", f"{host}/demo", says="127.0.0.1")

    def test_an_unverified_registry_may_have_any_certificate_or_speak_http(self):
        host = self.tls_registry().host
        self.refused_by_bundler("pull", "--tls-verify", f"{host}/demo", says="certificate")
        self.bundler_ok("pull", "--tls-verify=false", f"{host}/demo")
        self.bundler_ok("pull", "--tls-verify=false", f"{self.registry(HELLO).host}/demo")

    def test_the_user_overrules_what_the_file_says_is_insecure(self):
        host = self.tls_registry().host
        conf = self.folder / "r.conf"
        conf.write_text(f'[[registry]]\nlocation = "{host}"\ninsecure = true\n')
        self.refused_by_bundler("--registries-conf", conf, "pull", "--tls-verify=true", f"{host}/demo", says="certificate")
        self.bundler_ok("--registries-conf", conf, "pull", f"{host}/demo")

    def test_our_certificate_is_shown_to_whom_it_is_for(self):
        self.signed("me", "ca", "extendedKeyUsage=clientAuth")
        host = self.tls_registry(asks_for_certificates=True).host
        folder = self.known(host, ca_crt="ca.crt")
        self.refused_by_bundler("pull", f"{host}/demo", says="certificate")
        self.fill(folder, me_cert="me.crt", me_key="me.key")
        self.bundler_ok("pull", f"{host}/demo")

    def test_our_certificate_of_the_named_folder_is_not_shown_where_a_redirect_leads(self):
        self.signed("me", "ca", "extendedKeyUsage=clientAuth")
        other = self.tls_registry(asks_for_certificates=True)

        def led_on(handler):
            if "/blobs/" in handler.path:
                handler.send(307, Location=f"https://{other.host}{handler.path}")
                return True

        host = self.tls_registry(led_on, asks_for_certificates=True).host
        folder = self.folder / "certificates"
        folder.mkdir()
        self.fill(folder, ca_crt="ca.crt", me_cert="me.crt", me_key="me.key")
        self.refused_by_bundler("pull", "--cert-dir", folder, f"{host}/demo", says="certificate")
        self.assertEqual(other.requests, [])

    def test_half_a_certificate_of_ours_is_named(self):
        host = self.tls_registry().host
        folder = self.known(host, ca_crt="ca.crt", me_cert="ca.crt")
        self.refused_by_bundler("pull", f"{host}/demo", says=("me.cert", "me.key"))
        (folder / "me.cert").rename(folder / "me.key")
        self.refused_by_bundler("pull", f"{host}/demo", says=("me.key", "me.cert"))
        (folder / "me.key").unlink()
        (folder / "ca.crt").write_text("rubbish")
        self.refused_by_bundler("pull", f"{host}/demo", says="ca.crt")
