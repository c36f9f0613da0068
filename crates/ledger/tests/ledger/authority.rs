//! A time-stamping authority for tests: OpenSSL's `ts` with certificates made here.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// What is special about an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An elliptic curve and SHA-256.
    Curve,
    /// RSA and SHA-512.
    Rsa,
    /// Its certificate ended long ago.
    Expired,
}

/// An authority with its own root.
#[derive(Debug)]
pub(crate) struct Authority(TempDir);

impl Authority {
    /// Makes root, certificate and configuration. Needs the program `openssl`.
    pub(crate) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("scratch");
        let at = folder.path();
        let (key, digest): (&[&str], _) = match kind {
            Kind::Rsa => (&["-newkey", "rsa:2048"], "sha512"),
            _ => (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "sha256"),
        };
        let config = format!(
            "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n\
             [tsa_cert]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
             extendedKeyUsage=critical,timeStamping\n\
             [req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=Test\n\
             [tsa]\ndefault_tsa=one\n[one]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\n\
             signer_digest={digest}\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\n\
             ess_cert_id_alg={digest}\n\
             [issuing]\ndatabase=index\nserial=issued\nnew_certs_dir=.\npolicy=any\ndefault_md=sha256\n\
             default_crl_days=30\ncrlnumber=numbered\n[any]\ncommonName=supplied\n"
        );
        fs::write(at.join("config"), config).expect("the configuration");
        fs::write(at.join("serial"), "01\n").expect("the serial number");
        let root = ["req", "-config", "config", "-x509", "-nodes", "-days", "30", "-subj", "/CN=Test root"];
        let root_files = ["-extensions", "ca", "-keyout", "ca.key", "-out", "ca.pem"];
        openssl(at, &[&root[..], &root_files, key].concat());
        let request = ["req", "-config", "config", "-new", "-nodes", "-subj", "/CN=Test authority"];
        openssl(at, &[&request[..], &["-keyout", "tsa.key", "-out", "tsa.csr"], key].concat());
        fs::write(at.join("index"), "").expect("the index");
        fs::write(at.join("issued"), "02\n").expect("the serial number");
        let (from, to) = match kind {
            Kind::Expired => ("20200101000000Z", "20210101000000Z"),
            _ => ("20200101000000Z", "20990101000000Z"),
        };
        let issue = ["ca", "-batch", "-config", "config", "-name", "issuing", "-in", "tsa.csr", "-notext"];
        let by = ["-cert", "ca.pem", "-keyfile", "ca.key", "-md", "sha256", "-out", "tsa.pem"];
        let more = ["-startdate", from, "-enddate", to, "-extensions", "tsa_cert"];
        openssl(at, &[&issue[..], &by, &more].concat());
        Self(folder)
    }

    /// Returns the root certificate as PEM.
    pub(crate) fn root(&self) -> Vec<u8> {
        fs::read(self.0.path().join("ca.pem")).expect("the root")
    }

    /// Revokes the certificate of the authority at a moment like `210101000000Z`, for a reason in the words of OpenSSL.
    pub(crate) fn revoke(&self, at: &str, reason: Option<&str>) {
        let index = self.0.path().join("index");
        let line = fs::read_to_string(&index).expect("the index");
        let fields: Vec<&str> = line.trim_end().split('\t').collect();
        let reason = reason.map(|reason| format!(",{reason}")).unwrap_or_default();
        let &[_, expires, _, serial, file, subject] = fields.as_slice() else { panic!("{line:?}") };
        let revoked = format!("R\t{expires}\t{at}{reason}\t{serial}\t{file}\t{subject}\n");
        fs::write(&index, revoked).expect("the index");
    }

    /// Returns the list of revoked certificates as PEM.
    pub(crate) fn revocation_list(&self) -> Vec<u8> {
        if !self.0.path().join("numbered").exists() {
            fs::write(self.0.path().join("numbered"), "01\n").expect("the serial number");
        }
        let ca = ["ca", "-config", "config", "-name", "issuing", "-cert", "ca.pem", "-keyfile", "ca.key"];
        openssl(self.0.path(), &[&ca[..], &["-gencrl", "-out", "ca.crl"]].concat());
        fs::read(self.0.path().join("ca.crl")).expect("the list")
    }

    /// Answers a request.
    pub(crate) fn answer(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.0.path().join("request"), request).expect("the request");
        let arguments = ["ts", "-reply", "-config", "config", "-queryfile", "request", "-out", "reply"];
        openssl(self.0.path(), &arguments);
        fs::read(self.0.path().join("reply")).expect("the answer")
    }

    /// Lets OpenSSL verify an answer to a request.
    pub(crate) fn verify(&self, request: &[u8], answer: &[u8]) -> bool {
        fs::write(self.0.path().join("request"), request).expect("the request");
        fs::write(self.0.path().join("answer"), answer).expect("the answer");
        let arguments = ["ts", "-verify", "-queryfile", "request", "-in", "answer", "-CAfile", "ca.pem"];
        run(self.0.path(), &arguments).0
    }
}

fn openssl(at: &Path, arguments: &[&str]) {
    let (success, message) = run(at, arguments);
    assert!(success, "openssl {arguments:?}: {message}");
}

fn run(at: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").current_dir(at).args(arguments).output();
    let output = output.expect("the program openssl is needed by this test: apt install openssl");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}
