//! The clock and the source of nonces, handed in so that tests can fix them.

use jiff::Timestamp;
use rand::TryRng;
use uuid::Uuid;

/// Tells the time; for display only, it never decides anything.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time now.
    fn now(&self) -> Timestamp;
}

/// Draws nonces.
pub trait Nonces: Send + Sync + 'static {
    /// Returns 128 random bits as a UUID v4.
    fn draw(&self) -> Uuid;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNonces;

impl Nonces for SystemNonces {
    fn draw(&self) -> Uuid {
        let mut bytes = [0; 16];
        // The kernel's generator cannot fail once it is seeded at boot; a broken one must not
        // give the same nonce twice, so stopping is right.
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .expect("the operating system has random numbers");
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
