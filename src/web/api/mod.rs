//! What scripts ask: JSON instead of pages.

pub(super) mod names;
pub(super) mod preview;
pub(super) mod saved;
