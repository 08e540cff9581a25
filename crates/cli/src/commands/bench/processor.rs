//! The name of the processor: figures of another one cannot be compared with those of this.

use std::fs;

/// Returns the name of the first processor, with the numbers of its design where the system tells
/// them, since virtual machines call different designs by one name.
pub(super) fn name() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| name_in(&text));
    known.unwrap_or_else(|| format!("an unnamed processor ({})", std::env::consts::ARCH))
}

/// Returns the name in the text of `/proc/cpuinfo`.
fn name_in(cpuinfo: &str) -> Option<String> {
    let field = |name: &str| {
        let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    let name = field("model name")?;
    Some(match (field("cpu family"), field("model")) {
        (Some(family), Some(model)) => format!("{name} (family {family}, model {model})"),
        _ => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_a_name_and_the_numbers_of_its_design() {
        let zen_5 = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n\
                     model name\t: AMD EPYC\n\nprocessor\t: 1\nmodel\t\t: 3\n";
        assert_eq!(name_in(zen_5).as_deref(), Some("AMD EPYC (family 26, model 2)"));
        assert_eq!(name_in("model name\t: Cortex\n").as_deref(), Some("Cortex"));
        assert_eq!(name_in("processor\t: 0\nCPU part\t: 0xd08\n"), None);
    }
}
