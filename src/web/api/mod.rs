//! What scripts ask: JSON instead of pages.

pub(super) mod goto;
pub(super) mod names;
pub(super) mod preview;
