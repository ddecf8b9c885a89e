#pragma once

#include "unified/deployment.hpp"
#include "unified/entities.hpp"
#include "unified/operations.hpp"

#include <mongoro/task_scope.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec::unified {

/// What became of a test: passed if both are empty.
struct verdict {
    std::string failure;
    std::string skipped;
};

/// One test of a file on its way: its entities, and all that must be cleared up after it.
///
/// On the thread of the reactor, from outside of it. Every wait is bounded.
class test_run {
 public:
    /// How long an event, a thread or a pool is waited for.
    static constexpr std::chrono::seconds patience{10};
    /// How long a test may take.
    static constexpr std::chrono::seconds limit{60};

    /// `on` meets the requirements of the test.
    test_run(deployment& on, bson::document_view file, bson::document_view test);

    [[nodiscard]] verdict run();

    /// \name For operations
    ///@{
    [[nodiscard]] deployment& on() noexcept { return on_; }
    [[nodiscard]] entity_map& entities() noexcept { return entities_; }
    [[nodiscard]] matcher matching() const noexcept { return matcher(&entities_); }
    [[nodiscard]] change& threads_changed() noexcept { return threads_changed_; }
    /// Makes an element of `createEntities`.
    task<> create(bson::document_view entity);
    /// Runs one operation and checks what it comes to.
    task<> perform(bson::document_view operation);
    /// Adds an operation to those of a thread. `operation` must live as long as the test.
    void dispatch(const std::shared_ptr<thread_entity>& to, bson::document_view operation);
    /// The fail point is turned off at the end of the test.
    void armed(std::string fail_point) { armed_.push_back(std::move(fail_point)); }
    ///@}

 private:
    task<> all();
    task<> set_up(bson::value_view collections);
    task<> create_client(bson::document_view description);
    task<> work(std::shared_ptr<thread_entity> thread);
    void check(bson::document_view operation, operation_result got);
    void check_observed();
    task<> check_outcome(bson::value_view collections);
    task<> disarm();
    task<> clear();
    /// Runs a step of the test and says how it ended; the first failure counts.
    void step(task<> what, verdict& so_far);

    deployment& on_;
    bson::document_view file_;
    bson::document_view test_;
    entity_map entities_;
    change threads_changed_;
    task_scope threads_;
    std::vector<std::string> armed_;
    std::vector<std::string> server_texts_;  // of the operations' errors
};

}  // namespace mongoro::spec::unified
