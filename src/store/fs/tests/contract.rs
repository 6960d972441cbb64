//! The suite that every store passes, and what this one adds: no temporary file stays.

use rustix::io::Errno;

use super::*;
use crate::store::contract::contract;

#[test]
fn the_file_system_store_keeps_the_contract() {
    contract(|| {
        let place = Place::new();
        (Box::new(place.open()) as Box<dyn Store>, place)
    });
}

/// Says of renaming without replacing what FUSE says.
fn no_rename(op: Op, _: &Path) -> io::Result<()> {
    if op == Op::Publish { Err(Errno::INVAL.into()) } else { Ok(()) }
}

#[test]
fn it_keeps_the_contract_where_only_link_can_publish() {
    contract(|| {
        let place = Place::new();
        (Box::new(place.open_with(no_rename)) as Box<dyn Store>, place)
    });
}
