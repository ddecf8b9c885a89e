// Of one_find.cpp, what the header alone costs.
#include <mongoro/mongoro.hpp>
