#pragma once

#include <string>

namespace bench {

/// Writes data sets in the shapes of the Driver Benchmarking specification below `folder`, in the
/// layout of its own: extended_bson/, single_and_multi_document/, parallel/ldjson_multi/. The same
/// bytes on every machine. `files` LDJSON files (the specification has 100) of 5,000 documents;
/// what is there already is left alone. Throws std::runtime_error.
void write_spec_sets(const std::string& folder, int files);

}  // namespace bench
