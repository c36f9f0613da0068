//! Timestamps against OpenSSL's authority, which the tests start themselves.

use tickmark_ledger::Hash;
use tickmark_ledger::timestamp::{
    MAX_RESPONSE_BYTES, Revocation, RevocationLists, Roots, TimestampError, Timestamped, Token, request,
};

use crate::authority::{Authority, Kind};

const NONCE: u64 = 0x1122_3344_5566_7788;

fn digest() -> Hash {
    Hash::of(b"a checkpoint")
}

fn roots(authority: &Authority) -> Roots {
    Roots::from_pem(&authority.root()).expect("roots")
}

#[test]
fn tokens_of_openssl_verify_here_and_there() {
    for kind in [Kind::Curve, Kind::Rsa] {
        let authority = Authority::new(kind);
        let request = request(&digest(), NONCE);
        let answer = authority.answer(&request);
        assert!(authority.verify(&request, &answer), "OpenSSL agrees");
        let token = Token::of_response(&answer).expect("a token");
        assert_eq!(token.imprint(), Some(digest()));
        token.check_imprint(&digest()).expect("its digest");
        token.check_nonce(NONCE).expect("its nonce");
        let good = token.verify(&roots(&authority)).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(good.latest_us - good.earliest_us, 2_000_000, "a second of accuracy on both sides");
        assert_eq!(good.authority, "Test authority");
        assert!(good.expires_us > good.latest_us);

        assert_eq!(token.check_nonce(NONCE + 1), Err(TimestampError::WrongNonce));
        assert_eq!(token.check_imprint(&Hash::of(b"another")), Err(TimestampError::WrongImprint));
        let stranger = roots(&Authority::new(Kind::Curve));
        assert!(matches!(token.verify(&stranger), Err(TimestampError::UnknownRoot(_))));
        assert!(matches!(token.verify(&Roots::default()), Err(TimestampError::UnknownRoot(_))));
        let mut both = stranger;
        both.extend(roots(&authority));
        token.verify(&both).expect("one of the roots");
        assert_eq!(Roots::from_pem(both.to_pem().as_bytes()), Ok(both));
    }
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let authority = Authority::new(Kind::Curve);
    let answer = authority.answer(&request(&digest(), NONCE));
    let roots = roots(&authority);
    let stated = Token::of_response(&answer).and_then(|token| token.verify(&roots)).expect("good");
    let accepted = |bytes: &[u8]| {
        let token = Token::of_response(bytes)?;
        token.check_imprint(&digest())?;
        token.check_nonce(NONCE)?;
        token.verify(&roots)
    };
    let mut changed = 0;
    for at in 0..answer.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = answer.clone();
            bytes[at] ^= bit;
            // What is not signed may change (version numbers, parameters of algorithms) but never what is stated.
            match accepted(&bytes) {
                Ok(found) => assert_eq!(found, stated, "byte {at}"),
                Err(_) => changed += 1,
            }
        }
    }
    assert!(changed > answer.len(), "{changed} of {} changes were refused", 2 * answer.len());
    for length in 0..answer.len() {
        assert!(accepted(&answer[..length]).is_err(), "cut after {length}");
    }
    assert_eq!(
        accepted(&[0x30; MAX_RESPONSE_BYTES + 1]),
        Err(TimestampError::TooLarge(MAX_RESPONSE_BYTES + 1))
    );
}

#[test]
fn a_certificate_that_had_ended_is_refused() {
    let authority = Authority::new(Kind::Expired);
    let token = Token::of_response(&authority.answer(&request(&digest(), NONCE))).expect("a token");
    assert!(matches!(token.verify(&roots(&authority)), Err(TimestampError::NotValidThen(_))));
}

#[test]
fn a_revoked_certificate_makes_tokens_worthless_unless_its_reason_leaves_earlier_ones_good() {
    let lists = |authority: &Authority| {
        RevocationLists::from_bytes(&authority.revocation_list()).expect("a revocation list")
    };
    for (reason, keeps) in [
        (Some("superseded"), true),
        (Some("cessationOfOperation"), true),
        (Some("affiliationChanged"), true),
        (Some("keyCompromise"), false),
        (Some("certificateHold"), false),
        (None, false),
    ] {
        let authority = Authority::new(Kind::Curve);
        let token = Token::of_response(&authority.answer(&request(&digest(), NONCE))).expect("a token");
        let roots = roots(&authority);
        let good = token.verify(&roots).expect("good");
        assert_eq!(good.revocation, Revocation::NotChecked);
        let unrevoked = token.verify_unrevoked(&roots, &lists(&authority)).expect("good");
        assert_eq!(unrevoked.revocation, Revocation::NotListed);
        authority.revoke("490101000000Z", reason);
        match token.verify_unrevoked(&roots, &lists(&authority)) {
            Ok(Timestamped { revocation: Revocation::Later(at), .. }) if keeps => {
                assert!(at > good.latest_us)
            }
            Err(TimestampError::Revoked(_)) if !keeps => {}
            other => panic!("{reason:?}: {other:?}"),
        }
        authority.revoke("210101000000Z", reason);
        let refused = token.verify_unrevoked(&roots, &lists(&authority));
        assert!(matches!(refused, Err(TimestampError::Revoked(_))), "{reason:?}: {refused:?}");
        // The list of somebody else says nothing.
        let stranger = Authority::new(Kind::Curve);
        let refused = token.verify_unrevoked(&roots, &lists(&stranger));
        assert!(
            matches!(refused, Err(TimestampError::UselessList(_))),
            "another key, the same name: {refused:?}"
        );
    }
    assert!(matches!(RevocationLists::from_bytes(b"nothing"), Err(TimestampError::InvalidList(1))));
}

#[test]
fn refusals_and_roots_are_read() {
    // PKIStatus 2, rejection, without a token.
    assert_eq!(
        Token::of_response(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]),
        Err(TimestampError::Refused(2))
    );
    assert_eq!(Roots::from_pem(b"nothing"), Err(TimestampError::NoRoots));
    let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(Roots::from_pem(garbage), Err(TimestampError::InvalidRoot(1)));
}
