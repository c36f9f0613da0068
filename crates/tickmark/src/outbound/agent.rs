//! The agent on this machine that may hold signing keys, over its socket.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

/// Bytes from which an agent's answer is refused.
const MAX_AGENT_ANSWER: usize = 4096;

/// Sends one request to the agent behind a socket and reads its one answer, without the length before it.
///
/// # Errors
/// If it cannot be reached, takes longer, hangs up, or answers with more than [`MAX_AGENT_ANSWER`] bytes.
#[cfg(unix)]
pub(super) fn ask(socket: &Path, request: &[u8], until: Instant) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind};
    use std::os::unix::net::UnixStream;

    let late = || Error::new(ErrorKind::TimedOut, "the agent took too long");
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    };
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(request)?;
    // Piece by piece, so that an agent that sends a byte now and then does not get longer.
    let mut answer = Vec::new();
    let mut piece = [0; 512];
    loop {
        if let Some((length, rest)) = answer.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if length > MAX_AGENT_ANSWER {
                return Err(Error::new(ErrorKind::InvalidData, "the agent answered with too much"));
            }
            if rest.len() >= length {
                return Ok(rest[..length].to_vec());
            }
        }
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut piece) {
            Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the agent hung up")),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(late());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(not(unix))]
pub(super) fn ask(_: &Path, _: &[u8], _: Instant) -> std::io::Result<Vec<u8>> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "agents are asked on Unix only"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixListener;

    use tickmark_app::port::{NotSent, Outbound as _};

    use super::*;
    use crate::outbound::Internet;

    /// What somebody hears who asks an agent that answers so, in pieces, and then holds the line.
    fn asked(pieces: &[&[u8]], hangs_up: bool) -> Result<Vec<u8>, NotSent> {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("agent");
        let listener = UnixListener::bind(&socket).expect("a socket");
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (mut stream, _) = listener.accept().expect("asked");
                let mut request = [0; 8];
                stream.read_exact(&mut request).expect("the request");
                assert_eq!(&request, b"\0\0\0\x04abcd");
                for piece in pieces {
                    stream.write_all(piece).expect("answering");
                }
                if !hangs_up {
                    // Until whoever asked goes away.
                    let _ = stream.read(&mut request);
                }
            });
            Internet::default().ask_agent(&socket, b"\0\0\0\x04abcd", 1)
        })
    }

    #[test]
    fn an_agent_answers_in_time_and_measure_or_not_at_all() {
        assert_eq!(asked(&[b"\0\0", b"\0\x03x", b"yz"], false).expect("an answer"), b"xyz");
        for (pieces, hangs_up, expected) in [
            (&[&b"\0\0\0\x03x"[..]][..], false, "too long"),
            (&[], false, "too long"),
            (&[&b"\0\0"[..]], true, "hung up"),
            (&[&b"\xff\0\0\0"[..]], false, "too much"),
        ] {
            let error = asked(pieces, hangs_up).expect_err("no answer").to_string();
            assert!(error.contains(expected), "{error}");
        }
        let nobody = Internet::default().ask_agent(Path::new("/nowhere/agent"), b"", 1);
        assert!(nobody.is_err());
    }
}
