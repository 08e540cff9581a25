//! How values are written as text, where more than one crate must write them the same way.
//!
//! | file | question |
//! | --- | --- |
//! | `python_json` | how does Python's `json.dumps` write a value? |
//! | `python_value` | what does Python's `json.loads` read? |
//! | `hex` | how are bytes written as hexadecimal digits, and read back? |

pub mod hex;
pub mod python_json;
pub mod python_value;
