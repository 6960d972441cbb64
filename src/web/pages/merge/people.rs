//! Who is who on the merge screen: the visitor is “you”, everyone else has a name.

use jiff::Timestamp;

use crate::model::path::fold;
use crate::model::revision::RevisionId;
use crate::web::pages::words;
use crate::wiki::Revision;

/// The author of one version.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: RevisionId,
    /// How the version is called: `Ann`, `You`, or `Ann (current)` if she wrote two of them.
    pub(super) name: String,
    pub(super) you: bool,
    pub(super) date: Option<Timestamp>,
    pub(super) summary: String,
    /// The version deletes the document.
    pub(super) deletes: bool,
}

/// The authors of all versions, in the order of the merge: the winner's first.
#[derive(Debug, Clone)]
pub(super) struct People(pub(super) Vec<Person>);

impl People {
    /// Names the authors of versions; the visitor is known by their version or their name.
    pub(super) fn of(versions: &[&Revision], mine: Option<RevisionId>, me: &str) -> Self {
        let me = fold(me);
        let mut people: Vec<Person> = versions
            .iter()
            .map(|r| {
                let you = mine == Some(r.id) || (!me.is_empty() && fold(&r.author) == me);
                Person {
                    id: r.id,
                    name: if you { "You" } else { words::name(&r.author) }.to_owned(),
                    you,
                    date: r.date,
                    summary: r.summary.clone(),
                    deletes: r.is_deletion(),
                }
            })
            .collect();
        let names: Vec<String> = people.iter().map(|p| p.name.clone()).collect();
        for (i, person) in people.iter_mut().enumerate() {
            let same = || names.iter().enumerate().filter(|(_, name)| **name == names[i]);
            if same().count() == 1 {
                continue;
            }
            let others = same().filter(|(at, _)| *at > 0).count();
            let number = same().filter(|(at, _)| *at > 0 && *at <= i).count();
            person.name = match (i, others) {
                (0, _) => format!("{} (current)", names[i]),
                (_, 1) => format!("{} (unmerged)", names[i]),
                _ => format!("{} (unmerged {number})", names[i]),
            };
        }
        Self(people)
    }

    /// Returns true if one of the versions is the visitor's.
    pub(super) fn has_you(&self) -> bool {
        self.0.iter().any(|person| person.you)
    }

    /// Lists the authors of versions at the start of a sentence: `Ann and you`.
    pub(super) fn list(&self, versions: &[usize]) -> String {
        words::capital(&self.within(versions))
    }

    /// Lists the authors of versions within a sentence.
    pub(super) fn within(&self, versions: &[usize]) -> String {
        let mut names: Vec<String> = Vec::new();
        let people = versions.iter().filter_map(|v| self.0.get(*v));
        let mut people: Vec<&Person> = people.collect();
        // “Ann and you”, not “you and Ann”.
        people.sort_by_key(|person| person.you);
        for person in people {
            let name = if person.you {
                format!("y{}", person.name.strip_prefix('Y').unwrap_or(&person.name))
            } else {
                person.name.clone()
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match &names[..] {
            [] => "an unnamed editor".to_owned(),
            [one] if *one == "An unnamed editor" => "an unnamed editor".to_owned(),
            names => words::list(names),
        }
    }

    /// Says whose something is, at the start of a sentence: `Ann’s`, `Your`, `Ann and Ben’s`.
    pub(super) fn whose(&self, versions: &[usize]) -> String {
        words::capital(&self.whose_within(versions))
    }

    /// Says whose something is within a sentence.
    pub(super) fn whose_within(&self, versions: &[usize]) -> String {
        let names = self.within(versions);
        match names.strip_suffix(" and you") {
            Some(others) => format!("{others}’s and your"),
            None if names == "you" => "your".to_owned(),
            None => format!("{names}’s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(names: &[&str], you: Option<usize>) -> People {
        let id = |i: usize| format!("2-00000000-0000-4000-8000-00000000000{i}").parse().unwrap();
        let mut list = Vec::new();
        for (i, name) in names.iter().enumerate() {
            list.push(Person {
                id: id(i),
                name: if you == Some(i) { "You".to_owned() } else { (*name).to_owned() },
                you: you == Some(i),
                date: None,
                summary: String::new(),
                deletes: false,
            });
        }
        People(list)
    }

    #[test]
    fn authors_are_named_as_people_would() {
        let two = people(&["Ann", "Ben"], None);
        assert_eq!((two.list(&[0, 1]), two.whose(&[0])), ("Ann and Ben".into(), "Ann’s".into()));
        let mine = people(&["Ben", "Ann"], Some(0));
        assert_eq!(mine.list(&[0, 1]), "Ann and you");
        assert_eq!((mine.list(&[0]), mine.whose(&[0])), ("You".into(), "Your".into()));
        assert_eq!(mine.whose_within(&[0, 1]), "Ann’s and your");
        let unnamed = people(&["An unnamed editor"], None);
        assert_eq!(unnamed.within(&[0]), "an unnamed editor");
    }
}
