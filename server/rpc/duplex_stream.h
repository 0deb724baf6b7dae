// A stream of requests and answers at the same time: what Produce and Consume share.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/base/reaction.h"
#include "server/rpc/call.h"

namespace sluice::rpc {

// Reads one message at a time and writes one message at a time: what there is to say meanwhile goes into the next, so that a
// busy stream sends few large messages and an idle one answers at once. Reads only while `wants_more`, so that a client whose
// work finds no room is held back by gRPC's flow control.
//
// Its end comes in one or several of three ways, each stronger than the one before: the client half-closes, end() is called, or
// the client is gone. let_go() is told each. What is left to say is written, and when nothing is under way any more the stream
// finishes, once.
//
// Owns itself. Each reaction holds it, gRPC holds it until OnDone, and a command in the engine until it is answered, because
// the stream does not finish as long as it is busy().
class DuplexStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>, public WaitingCall {
 public:
  DuplexStream(Method method, grpc::CallbackServerContext* context, House& house)
      : counted_(house.counts, method), context_(context), house_(house) {}

  // Begins to read, or ends at once where nothing new is begun any more. Once, when the stream is whole.
  void start();

  bool take_back() override;
  void refuse(const absl::Status& status) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 protected:
  using Lock = std::unique_lock<std::mutex>;

  // Keeps the stream while a reaction is in it, and times the reaction.
  class Hold {
   public:
    explicit Hold(DuplexStream& stream) : stream_(stream), timer_(stream.counted_.name()) { ++stream.holds_; }
    ~Hold() { stream_.drop(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    DuplexStream& stream_;
    const base::ReactionTimer timer_;
  };

  enum class End {
    kNone,
    kHalfClosed,  // the client has no more requests, and waits for the answers
    kEnded,       // nothing new is begun, and what waits is taken back
    kBroken,      // nobody hears the answers any more
  };

  ~DuplexStream() override = default;

  // What the kinds of streams differ in. With the lock:
  // Whether another request may be read.
  [[nodiscard]] virtual bool wants_more() const = 0;
  // Whether a command of the stream is in the engine, or about to be.
  [[nodiscard]] virtual bool busy() const = 0;
  // Whether there is something to say.
  [[nodiscard]] virtual bool has_answer() const = 0;
  // Without the lock:
  // A request came. An error ends the stream.
  virtual absl::Status take(grpc::ByteBuffer& request) = 0;
  // The next thing to say. Only called after has_answer(), by one thread at a time.
  virtual grpc::ByteBuffer answer_next() = 0;
  // The stream will end so: takes back what waits in the engine, except for what a client that half-closed waits for.
  virtual void let_go(End how) = 0;
  // A message has left; there may be room to begin something new.
  virtual void written() {}

  // Ends the stream with `status` once what there is to say is said. The first one counts.
  void end(const absl::Status& status);
  // Reads, writes or finishes, whatever is due. Takes the lock along. The stream may be gone afterwards, but for a Hold.
  void go_on(Lock lock);

  [[nodiscard]] House& house() { return house_; }
  [[nodiscard]] const House& house() const { return house_; }
  // Where the client connects from, as gRPC writes it.
  [[nodiscard]] std::string peer() const { return context_->peer(); }
  // With the lock:
  [[nodiscard]] End ending() const { return end_; }
  [[nodiscard]] bool writing() const { return writing_; }

  std::mutex mutex_;
  std::string queue_;  // set with the first request, before anything else happens

 private:
  void drop();
  // Calls begin(), which may begin something new, unless the stream has ended. It does not finish before all of that is its
  // own.
  template <class Begin>
  void work(Begin begin);
  void leave(End how, const absl::Status& status);
  void finish(Lock lock);

  CountedCall counted_;
  grpc::CallbackServerContext* const context_;
  House& house_;
  std::atomic<int> holds_ = 1;  // gRPC's

  // Guarded by mutex_.
  bool reading_ = false;
  bool writing_ = false;  // also while it finishes
  int working_ = 0;       // reactions that are in work()
  End end_ = End::kNone;
  absl::Status outcome_;

  grpc::ByteBuffer request_;  // belongs to whoever set reading_
  grpc::ByteBuffer answer_;   // belongs to whoever set writing_
};

// A stream that ends before it begins. Owns itself.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const absl::Status& status);
  void OnDone() override { delete this; }

 private:
  ~RefusedStream() override = default;
};

}  // namespace sluice::rpc
