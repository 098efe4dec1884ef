#define LOW (-LIMIT)
#define LIMIT 50
