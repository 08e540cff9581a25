//! The profiles that are in every Althing, from the files in `profiles/` of this crate.

use std::sync::LazyLock;

use strsim::osa_distance;

use super::{Profile, read};

/// The text of each built-in profile, by its name. One that is based on another stands after it.
const FILES: [(&str, &str); 17] = [
    ("sheet", include_str!("../../profiles/sheet.toml")),
    ("sequel", include_str!("../../profiles/sequel.toml")),
    ("elect-chain", include_str!("../../profiles/elect-chain.toml")),
    ("sd", include_str!("../../profiles/sd.toml")),
    ("ppd", include_str!("../../profiles/ppd.toml")),
    ("aviary", include_str!("../../profiles/aviary.toml")),
    ("aviary-2022", include_str!("../../profiles/aviary-2022.toml")),
    ("aviary-agreed", include_str!("../../profiles/aviary-agreed.toml")),
    ("aviary-source", include_str!("../../profiles/aviary-source.toml")),
    ("aviary-texts", include_str!("../../profiles/aviary-texts.toml")),
    ("cs60", include_str!("../../profiles/cs60.toml")),
    ("copy-a", include_str!("../../profiles/copy-a.toml")),
    ("copy-b", include_str!("../../profiles/copy-b.toml")),
    ("copy-c", include_str!("../../profiles/copy-c.toml")),
    ("copy-d", include_str!("../../profiles/copy-d.toml")),
    ("copy-e", include_str!("../../profiles/copy-e.toml")),
    ("copy-f", include_str!("../../profiles/copy-f.toml")),
];

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let mut profiles: Vec<Profile> = Vec::new();
    for (name, text) in FILES {
        let base = |name: &str| find_in(&profiles, name).cloned();
        let profile = read(&format!("{name}.toml"), text, &base);
        // A test reads them all.
        profiles.push(profile.unwrap_or_else(|error| panic!("a profile of ours: {error}")));
    }
    profiles
});

/// Returns all built-in profiles: the pages' first, then the copies.
pub fn all() -> &'static [Profile] {
    &PROFILES
}

/// Returns the built-in profile with this name.
pub fn find(name: &str) -> Option<&'static Profile> {
    all().iter().find(|profile| profile.name == name)
}

/// Returns the built-in profile with this name, or says which name is nearest.
pub fn base(name: &str) -> Result<Profile, String> {
    find_in(all(), name).cloned()
}

fn find_in<'a>(profiles: &'a [Profile], name: &str) -> Result<&'a Profile, String> {
    if let Some(profile) = profiles.iter().find(|profile| profile.name == name) {
        return Ok(profile);
    }
    if name.is_empty() {
        return Err("it is empty; name a built-in profile or a file, or leave the key out".into());
    }
    let nearest = profiles.iter().min_by_key(|profile| osa_distance(&profile.name, name));
    Err(match nearest {
        Some(nearest) if osa_distance(&nearest.name, name) <= 2 => {
            format!("there is no built-in profile {name:?}; did you mean {:?}?", nearest.name)
        }
        _ => {
            let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
            format!("there is no built-in profile {name:?}, but {}", names.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_a_profile_with_its_name_and_a_sentence_about_it() {
        assert_eq!(all().len(), FILES.len());
        for ((name, text), profile) in FILES.iter().zip(all()) {
            assert_eq!(profile.name, *name);
            assert!(text.contains("about = "), "{name}");
            assert!(profile.about.ends_with('.'), "{name}");
        }
        assert_eq!(find("sheet"), Some(&Profile::default()));
        assert!(base("shet").expect_err("it is none").ends_with("did you mean \"sheet\"?"));
        assert!(base("").expect_err("it is none").contains("leave the key out"));
        assert!(base("raft").expect_err("it is none").contains("sequel, elect-chain"));
    }

    #[test]
    fn a_profile_that_is_shown_is_the_same_profile_and_stays_what_it_is() {
        for profile in all() {
            let shown = profile.to_toml();
            let again = read("shown", &shown, &base).expect("it was just written");
            assert_eq!(again, *profile, "{shown}");
            insta::assert_snapshot!(profile.name.as_str(), shown);
        }
    }
}
