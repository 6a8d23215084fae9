//! A target whose input is bytes; its plain build checks the files that it is given.

macro_rules! bytes_target {
    ($check:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $check(bytes));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for file in std::env::args_os().skip(1) {
                $check(&std::fs::read(file)?);
            }
            Ok(())
        }
    };
}
