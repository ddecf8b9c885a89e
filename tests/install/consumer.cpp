#include <iostream>
#include <mongoro/result.hpp>

int main() {
    const mongoro::result<int> r = mongoro::errc::connect_failed;
    std::cout << r.error().to_string() << '\n';
    return r ? 1 : 0;
}
