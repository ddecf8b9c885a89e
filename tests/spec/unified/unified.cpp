#include "unified/unified.hpp"

#include "unified/failure.hpp"
#include "unified/schema.hpp"
#include "unified/test_run.hpp"

#include <mongoro/sync_wait.hpp>

#include <string>
#include <string_view>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;

// The folders of the format's own tests: what a runner must refuse, and what must fail in it.
constexpr std::string_view own_area = "unified-test-format";

}  // namespace

bool runner::run(file_run& run) {
    const auto file = run.content();
    const bool own = run.file().area == own_area;
    if (own && run.file().name.starts_with("invalid/")) {
        run.test(run.file().name, [&](checks& made) {
            made.expect(!schema_violation(file).empty(), "the file is taken for a right one");
        });
        return true;
    }
    if (!file["schemaVersion"]) {
        return false;
    }
    const auto violation = schema_violation(file);
    auto problem = violation;
    if (problem.empty()) {
        problem = version_problem(file["schemaVersion"].get<std::string_view>());
    }
    const bool must_fail = own && run.file().name.starts_with("valid-fail/");
    const auto file_description = file["description"].get<std::string>();
    for (const auto& each : file["tests"]) {
        const auto test = each.value().get<document_view>();
        auto description = test["description"].get<std::string>();
        if (description.empty()) {
            description = file_description;
        }
        if (everywhere_ && problem.empty() && !run.lists() &&
            on_each({file, test, must_fail, false}, description, run)) {
            continue;
        }
        run.test(description, [&](checks& made) {
            if (!problem.empty()) {
                // A file that must fail is of the format all the same.
                made.expect(must_fail && violation.empty(), problem);
            } else {
                one({file, test, must_fail, run.wants_several_members()}, made);
            }
        });
    }
    return true;
}

deployment& runner::at(std::size_t i) {
    if (!reactor_) {
        reactor_ = std::make_unique<reactor>();
    }
    while (i >= deployments_.size()) {
        deployments_.push_back(std::make_unique<deployment>(*reactor_, uris_[deployments_.size()]));
    }
    sync_wait(*reactor_, deployments_[i]->learn());
    return *deployments_[i];
}

std::string runner::unmet(const one_test& of, deployment& on) {
    auto why = sync_wait(*reactor_, on.unmet(of.file["runOnRequirements"]));
    if (why.empty()) {
        why = sync_wait(*reactor_, on.unmet(of.test["runOnRequirements"]));
    }
    if (why.empty() && of.wants_several_members && !on.has_several_members()) {
        why = "needs a replica set of several members";
    }
    return why;
}

deployment* runner::fitting(const one_test& of, std::string& why) {
    why = uris_.empty() ? "no server" : "";
    for (std::size_t i = 0; i < uris_.size(); ++i) {
        auto& one = at(i);
        const auto problem = unmet(of, one);
        if (problem.empty()) {
            return &one;
        }
        if (why.empty()) {
            why = problem;
        }
    }
    return nullptr;
}

bool runner::on_each(const one_test& of, std::string_view description, file_run& run) {
    if (of.test["skipReason"]) {
        return false;
    }
    std::vector<deployment*> fit;
    try {
        for (std::size_t i = 0; i < uris_.size(); ++i) {
            if (auto& one = at(i); unmet(of, one).empty()) {
                fit.push_back(&one);
            }
        }
    } catch (const std::exception&) {  // it is said where the test runs on one
        return false;
    }
    for (auto* const on : fit) {
        const auto body = [&](checks& made) {
            if (run.wants_several_members() && !on->has_several_members()) {
                made.skip("needs a replica set of several members");
            } else {
                one(of, *on, made);
            }
        };
        run.test(description, body, on->name());
    }
    return !fit.empty();
}

void runner::one(const one_test& of, checks& made) {
    if (const auto reason = of.test["skipReason"]) {
        made.skip("skipReason: " + reason.get<std::string>());
        return;
    }
    deployment* on = nullptr;
    try {
        std::string why;
        on = fitting(of, why);
        if (on == nullptr) {
            made.skip(why);
            return;
        }
    } catch (const skip_test& e) {
        made.skip(e.what());
        return;
    } catch (const std::exception& e) {
        made.fail(std::string("what the server is: ") + e.what());
        return;
    }
    one(of, *on, made);
}

void runner::one(const one_test& of, deployment& on, checks& made) {
    const auto came = test_run(on, of.file, of.test).run();
    if (!came.skipped.empty()) {
        made.skip(came.skipped);
    } else if (of.must_fail) {
        made.expect(!came.failure.empty(), "passed, and must fail");
    } else {
        made.expect(came.failure.empty(), came.failure);
    }
}

}  // namespace mongoro::spec::unified

namespace mongoro::spec {

namespace {

class unified_area final : public area {
 public:
    explicit unified_area(const settings& s) : runner_(s) {}

    void run(file_run& run) override {
        if (!runner_.run(run)) {
            run.test(run.file().name,
                     [](checks& made) { made.skip("files of this kind not built yet"); });
        }
    }

 private:
    unified::runner runner_;
};

}  // namespace

std::unique_ptr<area> make_unified(const settings& s) {
    return std::make_unique<unified_area>(s);
}

}  // namespace mongoro::spec
