#pragma once

#include "area.hpp"
#include "unified/deployment.hpp"

#include <memory>
#include <string>

namespace mongoro::spec::unified {

/// Runs files of the unified test format, for any area that has some. Nothing is connected before
/// the first test that needs a server.
///
/// Spec: source/unified-test-format/unified-test-format.md, versions 1.0 to 1.28.
class runner {
 public:
    explicit runner(const settings& s) : uri_(s.uri) {}

    /// Whether the file is of the format; then its tests were run.
    bool run(file_run& run);

 private:
    void one(bson::document_view file, bson::document_view test, bool must_fail, checks& made);

    std::string uri_;
    std::unique_ptr<reactor> reactor_;
    std::unique_ptr<deployment> deployment_;
};

}  // namespace mongoro::spec::unified
