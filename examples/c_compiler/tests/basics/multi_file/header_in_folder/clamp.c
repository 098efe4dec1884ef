#include "calc/calc.h"

int clamp(int value) {
    return value < LOW ? LOW : value > LIMIT ? LIMIT : value;
}
