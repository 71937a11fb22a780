# Workers of sidekiq; with the argument "client", what gives them work.
require "sidekiq"
require "sidekiq/api"

url = "redis://127.0.0.1:#{ENV["PORT"]}/4"
Sidekiq.configure_server do |c|
  c.redis = { url: url }
  c.average_scheduled_poll_interval = 1
end
Sidekiq.configure_client { |c| c.redis = { url: url } }

class Adder
  include Sidekiq::Worker
  sidekiq_options retry: 0

  def perform(n)
    Sidekiq.redis { |r| r.incrby("sum", n) }
  end
end

class Failing
  include Sidekiq::Worker
  sidekiq_options retry: 3

  def perform
    raise "on purpose"
  end
end

if ARGV.first == "client"
  (1..100).each { |n| Adder.perform_async(n) }
  Adder.perform_in(0.5, 1000)
  Failing.perform_async
  200.times do
    break if Sidekiq.redis { |r| r.get("sum") } == "6050" && Sidekiq::RetrySet.new.size == 1

    sleep 0.1
  end
  sum = Sidekiq.redis { |r| r.get("sum") }
  abort "sum #{sum}" unless sum == "6050"
  abort "retries #{Sidekiq::RetrySet.new.size}" unless Sidekiq::RetrySet.new.size == 1
  abort "queue #{Sidekiq::Queue.new.size}" unless Sidekiq::Queue.new.size == 0
  puts "sidekiq: ok"
end
