#pragma once

#include "area.hpp"
#include "unified/deployment.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mongoro::spec::unified {

/// Runs files of the unified test format, for any area that has some. Nothing is connected before
/// the first test that needs a server.
///
/// Spec: source/unified-test-format/unified-test-format.md, versions 1.0 to 1.28.
class runner {
 public:
    explicit runner(const settings& s) : uris_(s.uris), everywhere_(s.every_deployment) {}

    /// Whether the file is of the format; then its tests were run.
    bool run(file_run& run);

 private:
    struct one_test {
        bson::document_view file;
        bson::document_view test;
        bool must_fail;
        bool wants_several_members;
    };
    /// On the first deployment that it can run on.
    void one(const one_test& of, checks& made);
    static void one(const one_test& of, deployment& on, checks& made);
    /// On each that it can run on; false if there is none, or that cannot be told.
    bool on_each(const one_test& of, std::string_view description, file_run& run);

    /// The deployment of the i-th URI, which has learnt what it is.
    deployment& at(std::size_t i);
    /// Why the test cannot run there; empty if it can.
    std::string unmet(const one_test& of, deployment& on);
    /// The first deployment that the test can run on; none with a reason in `why`.
    deployment* fitting(const one_test& of, std::string& why);

    std::vector<std::string> uris_;
    bool everywhere_;
    std::unique_ptr<reactor> reactor_;
    std::vector<std::unique_ptr<deployment>> deployments_;  // in the order of their URIs
};

}  // namespace mongoro::spec::unified
